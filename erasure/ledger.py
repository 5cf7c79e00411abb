"""The tables `audit` and `erasure_jobs`: only ever added to, and naming nobody."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.query import command, query
from runtime.settings import Settings
from schemas.suppression import id_hash

NOTE = """INSERT INTO audit (actor, action, subject, result, job_id, details)
    VALUES ({actor:String}, {action:String}, {subject:String}, {result:String}, {job_id:String}, {details:String})"""
STATE = """INSERT INTO erasure_jobs (job_id, status, asked_at, step, report, signature)
    SELECT {job_id:String}, {status:String}, fromUnixTimestamp64Milli({asked_at_ms:Int64}), {step:String}, {report:String},
        {signature:String}"""
JOB = """SELECT status, step, report, signature FROM erasure_jobs FINAL WHERE job_id = {job_id:String}"""


@dataclass(frozen=True)
class Ledger:
    settings: Settings

    def note(self, action: str, person: str, actor: str, result: str, job_id: str = "", details: str = "") -> None:
        """One line of the audit log; the person as a keyed hash."""
        subject = id_hash(person, self.settings.erasure_salt)
        row = {"actor": actor, "action": action, "subject": subject, "result": result, "job_id": job_id, "details": details}
        command(self.settings, NOTE, row)

    def state(self, job_id: str, status: str, asked_at_ms: int, step: str = "", report: str = "", signature: str = "") -> None:
        row = {"job_id": job_id, "status": status, "asked_at_ms": asked_at_ms, "step": step, "report": report, "signature": signature}
        command(self.settings, STATE, row)

    def job(self, job_id: str) -> tuple[str, str, str, str] | None:
        """(status, step, report, signature) of the latest row."""
        rows = query(self.settings, JOB, {"job_id": job_id})
        return (str(rows[0][0]), str(rows[0][1]), str(rows[0][2]), str(rows[0][3])) if rows else None
