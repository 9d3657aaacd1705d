/** A table, and reports of nfwhy's as they begin. */
export const nftTable = `table ip fw {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 80 drop
	}
}
`

const JOURNEY = '{"id":"1","family":"ip","packet":{"in":"eth0"},"steps":[{"rule":"-j LOG --log-prefix \\"TRACE: \\""}]}'

export const explainReportOf = (form: 'schema' | 'lines'): string =>
  form === 'lines'
    ? `${JOURNEY}\n{"summary":{"inputs":[]}}\n`
    : `{"schema":"nfwhy.explanation/1",\n"journeys":[\n${JOURNEY}\n],\n"inputs":[]}\n`
