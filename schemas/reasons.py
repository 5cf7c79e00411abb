"""Why an event is not counted, or a trigger not sent: closed lists, each a row of the documentation."""

from enum import StrEnum


class RejectReason(StrEnum):
    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    NO_IDENTITY = "no_identity"
    TOO_LARGE = "too_large"
    TOO_COMPLEX = "too_complex"
    NO_CONSENT = "no_consent"
    ERASED = "erased"
    DUPLICATE = "duplicate"  # the same write key and message id within the window, same content
    INTERNAL_ERROR = "internal_error"  # the pipeline could not process it; the message holds the exception


MEANING: dict[RejectReason, str] = {
    RejectReason.MALFORMED_JSON: "The event is not JSON.",
    RejectReason.NOT_AN_OBJECT: "The event is JSON but no object.",
    RejectReason.UNKNOWN_TYPE: "`type` is none of track, page, screen, identify, group, alias.",
    RejectReason.MISSING_FIELD: "A field that this event needs is absent; `field` names it.",
    RejectReason.INVALID_FIELD: "A field has a value it cannot have; `field` names it.",
    RejectReason.NO_IDENTITY: "Neither `anonymousId` nor `userId` is given.",
    RejectReason.TOO_LARGE: "The event is larger than the limit.",
    RejectReason.TOO_COMPLEX: "The event is nested too deeply, or has too many or too long keys; `field` names where.",
    RejectReason.NO_CONSENT: "The device (else the user) refused `analytics` at that time; nothing of the event is kept.",
    RejectReason.ERASED: "It names someone who was erased; nothing of the event is kept.",
    RejectReason.DUPLICATE: "The same message id came before from the same write key.",
    RejectReason.INTERNAL_ERROR: "The pipeline failed on this event and went on without it.",
}


class SuppressReason(StrEnum):
    LATE_EVENT = "late_event"  # of a void trigger: why it is
    HOLDOUT = "holdout"
    NO_CONSENT = "no_consent"  # of a trigger to send: withdrawn afterwards
    ERASED = "erased"  # of a void trigger: its person was erased


SUPPRESSED: dict[SuppressReason, str] = {
    SuppressReason.LATE_EVENT: "Only an event that arrived late showed that the rule had come true: too late to help. "
    "With the status `void`: a late event showed that it had not.",
    SuppressReason.NO_CONSENT: "The person refuses marketing or analytics, or has not agreed where `consent_required` asks for it. "
    "With the decision `send`: refused after it was decided; a webhook that has not come through is not tried again.",
    SuppressReason.ERASED: "The person was erased; the row (status `void`) names nobody and stops a webhook that has not come through.",
    SuppressReason.HOLDOUT: "The person is in the group that is told nothing, so that it can be measured what telling brings.",
}
