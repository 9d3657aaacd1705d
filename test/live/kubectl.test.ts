/** `kubectl nfwhy` traces a node: a kubectl that tells of one, and whose `exec` enters a throw-away machine. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TestPlace, whyNoPlace } from './lab/place.ts'
import { TraceRun } from './lab/session.ts'
import { changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace()
const DROPS = 'iptables-nft -A INPUT -p icmp -j DROP'
const POD = {
  metadata: { name: 'kube-proxy-1', namespace: 'kube-system' },
  spec: {
    nodeName: 'one',
    hostNetwork: true,
    containers: [{ name: 'proxy', securityContext: { privileged: true } }],
  },
  status: { containerStatuses: [{ name: 'proxy', state: { running: {} } }] },
}

describe.skipIf(missing)(`kubectl nfwhy${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('traces the only node, and leaves nothing', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup: DROPS })
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-kubectl-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const answer = (items: unknown[]) => `echo '${JSON.stringify({ items })}'`
    writeFileSync(
      join(folder, 'kubectl'),
      `#!/bin/sh
case "$*" in
  *' nodes') ${answer([{ metadata: { name: 'one' } }])};;
  *spec.nodeName=one) ${answer([POD])};;
  *) while [ "$1" != -- ]; do shift; done; shift; exec ${place.via} "$@";;
esac
`,
    )
    chmodSync(join(folder, 'kubectl'), 0o755)
    const before = await snapshot(place)
    const run = new TraceRun(['trace', 'icmp', '--json', '--count', '1', '--outcome', 'dropped'], {
      words: ['kubectl'],
      env: { PATH: `${folder}:${process.env.PATH}` },
    })
    onTestFinished(() => run.kill())
    await run.says(/^Ready/m)
    await place.run('ping -c 1 -W 1 127.0.0.1 || :')
    const { code, stdout, stderr } = await run.ended
    expect(code, stderr).toBe(1)
    expect(JSON.parse(stdout).journeys).toMatchObject([
      { outcome: 'dropped', culprit: { chain: 'INPUT', ruleNumber: 1 } },
    ])
    expect(stderr).toContain('nfwhy: node one by pod kube-system/kube-proxy-1, container proxy\n')
    expect(await changesAfter(before, place, run.mark, 30)).toEqual([])
  })
})
