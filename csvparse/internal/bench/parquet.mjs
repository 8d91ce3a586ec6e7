// Writes a billing CSV as Parquet with DuckDB on one thread, and prints the CPU seconds
// that it took; or reads files of Parquet, and prints how many rows they have and what
// their columns of numbers come to.
//
//   node parquet.mjs copy CSV PARQUET
//   node parquet.mjs sums GLOB FIRST COUNT    of so many columns from the first on, from 0
//
// The types are given, so that nothing is sniffed: those that billing export writes.
import { open } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

const [job, file, ...rest] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();

const texts = ['ProjectID', 'vAPP', 'vDC', 'ResourceName', 'ResourceId', 'OSID', 'Service', 'Metadata', 'PowerState',
  'ComputeMachineType', 'PowerType', 'SecurityDomain', 'GPUType', 'Protection Type'];

function type(name) {
  if (name === 'EventDate') return 'DATE';
  if (name === 'StartTime' || name === 'EndTime') return 'TIMESTAMP';
  return texts.includes(name) ? 'VARCHAR' : 'DECIMAL(38,9)';
}

async function header() {
  const handle = await open(file);
  for await (const line of handle.readLines()) {
    await handle.close();
    return line.split(',');
  }
}

async function copy(parquet) {
  const columns = (await header()).map((name) => `'${name}': '${type(name)}'`).join(', ');
  const before = process.cpuUsage();
  await connection.run(`COPY (SELECT * FROM read_csv('${file}', header = true, auto_detect = false, delim = ',',
    quote = '"', escape = '"', columns = {${columns}})) TO '${parquet}' (FORMAT parquet, COMPRESSION zstd)`);
  const used = process.cpuUsage(before);
  console.log(`cpu\t${(used.user + used.system) / 1e6}`);
}

async function sums(first, count) {
  const source = `read_parquet('${file}', hive_partitioning = false)`;
  const described = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)).getRowsJson()
    .slice(Number(first), Number(first) + Number(count));
  const numbers = described.filter(([, kind]) => kind === 'DECIMAL(38,9)').map(([name]) => `sum("${name}")`);
  const [row] = (await connection.runAndReadAll(`SELECT count(*), ${numbers.join(', ')} FROM ${source}`)).getRowsJson();
  console.log(row.map((value) => String(value)).join('\n'));
}

await (job === 'copy' ? copy(...rest) : sums(...rest));
