/** The parts of docs/store.md that are printed from the schema and the queries. */
import { QUERIES } from '../../src/store/queries.ts'
import { type Column, TABLES } from '../../src/store/schema.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const queries = (): string =>
  [
    '| query | what it tells |',
    '| --- | --- |',
    ...QUERIES.map(({ name, argument, says }) => `| \`${argument ? `${name} ${argument}` : name}\` | ${cell(says)} |`),
  ].join('\n')

const tables = (): string =>
  TABLES.map(
    ({ name, says, key, columns }) => `### ${name}

${says} Key: ${key.map((one) => `\`${one}\``).join(', ')}.

| column | type | |
| --- | --- | --- |
${columns.map((one) => `| \`${one.name}\` | ${one.type} | ${cell(one.says)} |`).join('\n')}`,
  ).join('\n\n')

const isNamed = ({ ecs, ocsf, otel }: Column): boolean => [ecs, ocsf, otel].some((one) => one !== undefined)
const named = (name: string | undefined): string => (name === undefined ? '–' : `\`${name}\``)

const names = (): string =>
  [
    '| column | ECS | OCSF | OpenTelemetry |',
    '| --- | --- | --- | --- |',
    ...TABLES.flatMap(({ name, columns }) =>
      columns
        .filter(isNamed)
        .map((one) => `| \`${name}.${one.name}\` | ${named(one.ecs)} | ${named(one.ocsf)} | ${named(one.otel)} |`),
    ),
  ].join('\n')

const PARTS: Readonly<Record<string, () => string>> = { queries, tables, names }

export const withStoreParts = (page: string): string =>
  page.replace(/<!-- (queries|tables|names) -->\n.*?<!-- end -->/gs, (_, part: string) => {
    return `<!-- ${part} -->\n\n${PARTS[part]!()}\n\n<!-- end -->`
  })
