// Answers SQL with an engine, a JSON array of rows of text on a line for each question.
//
//   node ask.mjs duckdb|clickhouse SQL...
const [engine, ...questions] = process.argv.slice(2);

async function duckdb() {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  return async (sql) => (await connection.runAndReadAll(sql)).getRowsJson()
    .map((row) => row.map((value) => (value === null ? null : String(value))));
}

async function clickhouse() {
  const { Session } = await import('chdb');
  const session = new Session(); // in a directory of its own, which goes with it
  process.on('exit', () => session.cleanup());
  return async (sql) => String(session.query(sql, 'JSONCompactStringsEachRow')).split('\n').filter((line) => line)
    .map((line) => JSON.parse(line).map((value) => (value === 'ᴺᵁᴸᴸ' ? null : value)));
}

const ask = await ({ duckdb, clickhouse })[engine]();
for (const sql of questions) {
  console.log(JSON.stringify(await ask(sql)));
}
