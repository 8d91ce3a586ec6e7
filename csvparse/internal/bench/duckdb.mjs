// Totals a billing CSV with DuckDB on one thread, in DECIMAL, and prints the CPU
// seconds that it took, the peak memory in KiB and the totals as the Go jobs do.
//
//   node duckdb.mjs total|parts FILE
//
// The types are given, so that nothing is sniffed, and only the columns of the query
// are converted. Totalling all four keys first and each of them from that is the
// faster of the ways tried; GROUPING SETS over the rows takes longer.
import { open } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

const [columns, file] = process.argv.slice(2);
const dimensions = ['ResourceId', 'vDC', 'ProjectID', 'Service'];
const parts = ['ComputeTotalPrice', 'GPUTotalPrice', 'Tier1StoragePrice', 'Tier2StoragePrice',
  'Geo-resilientStoragePrice', 'ProtectionTotalPrice', 'LicenceTotalPrice'];
const amounts = columns === 'parts' ? ['TotalPrice', ...parts] : ['TotalPrice'];

async function header() {
  const handle = await open(file);
  for await (const line of handle.readLines()) {
    await handle.close();
    return line.split(',');
  }
}

const types = (await header())
  .map((name) => `'${name}': '${amounts.includes(name) ? 'DECIMAL(18,9)' : 'VARCHAR'}'`);
const source = `read_csv('${file}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
  columns = {${types.join(', ')}})`;
const sums = amounts.map((name) => `coalesce(sum("${name}"), 0) AS "${name}"`).join(', ');
const keys = dimensions.map((name) => `coalesce("${name}", '') AS "${name}"`).join(', ');
const query = `
  WITH fine AS (SELECT ${keys}, ${sums} FROM ${source} GROUP BY ALL)
  SELECT ${dimensions.map((name) => `"${name}"`).join(', ')}, GROUPING_ID(${dimensions.map((name) => `"${name}"`).join(', ')}) AS grouping, ${sums}
  FROM fine GROUP BY GROUPING SETS (${dimensions.map((name) => `("${name}")`).join(', ')})`;

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
const before = process.cpuUsage();
const result = await connection.runAndReadAll(query);
const used = process.cpuUsage(before);

const lines = [`cpu\t${(used.user + used.system) / 1e6}\t${process.resourceUsage().maxRSS}`];
for (const row of result.getRows()) {
  // One of the four bits of the grouping is 0: that of the key.
  const i = dimensions.findIndex((_, k) => !(Number(row[4]) & (8 >> k)));
  lines.push([dimensions[i], row[i], ...row.slice(5)].join('\t'));
}
process.stdout.write(lines.join('\n') + '\n');
