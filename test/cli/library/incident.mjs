/** A program with the library: explains an incident, filters, applies a fix, and prints Markdown. In Node and in a worker. */
export async function explainIncident({ open, fixCommands, printReport }, files) {
  const analysis = await open(files)
  const all = []
  for await (const { id, packet, outcome } of analysis.journeys()) all.push(`#${id} ${packet.dport} ${outcome}`)
  const { groups, ending } = await analysis.groups({ filter: 'tcp dst port 52000' })
  const [{ journey }] = groups
  const fixes = journey.findings.flatMap(({ fix }) => fix)
  const best = fixes.find(({ after }) => after === 'delivered')
  const mended = (await analysis.apply(best.edits)).simulate([journey.packet])
  return {
    all,
    fix: String(fixCommands(best).command),
    after: mended.journeys.map(({ outcome }) => outcome),
    markdown: printReport('markdown', groups, ending),
  }
}
