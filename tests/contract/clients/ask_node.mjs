// Asks the warehouse with ClickHouse's own client for Node. In: one JSON document on stdin. Out: one answer a line, rows or an error's code.
import { createClient } from '@clickhouse/client'
import { readFileSync } from 'node:fs'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const client = createClient({
  url: asked.url,
  username: asked.user,
  password: asked.password,
  database: asked.database,
  compression: { request: asked.packed, response: asked.packed },
})

// Every format that the client can turn into objects, as rows of values.
const rowsOf = {
  JSON: (answer) => answer.data.map(Object.values),
  JSONStrings: (answer) => answer.data.map(Object.values),
  JSONCompact: (answer) => answer.data,
  JSONCompactStrings: (answer) => answer.data,
  JSONColumnsWithMetadata: (answer) => turned(Object.values(answer.data)),
  JSONObjectEachRow: (answer) => Object.values(answer).map(Object.values),
  JSONEachRow: (answer) => answer.map(Object.values),
  JSONStringsEachRow: (answer) => answer.map(Object.values),
  JSONCompactEachRow: (answer) => answer,
  JSONCompactStringsEachRow: (answer) => answer,
}

function turned(columns) {
  return columns.length ? columns[0].map((_, row) => columns.map((column) => column[row])) : []
}

for (const { sql, parameters, format, insert } of asked.questions) {
  try {
    if (insert) {
      await client.insert({ table: sql, values: insert, format: 'JSONEachRow' })
      console.log(JSON.stringify({ rows: [] }))
      continue
    }
    const answer = await client.query({ query: sql, query_params: parameters, format })
    if (format in rowsOf) console.log(JSON.stringify({ rows: rowsOf[format](await answer.json()) }))
    else console.log(JSON.stringify({ text: await answer.text() }))
  } catch (error) {
    console.log(JSON.stringify({ code: Number(error.code), message: error.message }))
  }
}
await client.close()
