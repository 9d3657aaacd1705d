/**
 * The container's recipe without a builder: its steps in a root directory that has nothing but Node and what Node is linked
 * with, as its user; and a trace with the one capability that the recipe names. The packages that it installs are this machine's.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXAMPLE, nfwhy } from '../cli/nfwhy.ts'
import { ROOT } from '../docs/sources.ts'
import { TestPlace, whyNoPlace } from './lab/place.ts'
import { changes, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('setpriv', 'chroot')
const recipe = readFileSync(join(ROOT, 'Containerfile'), 'utf8')
const said = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(recipe)![1]!

describe.skipIf(missing)(`the container's recipe${missing === undefined ? '' : `: ${missing}`}`, () => {
  const root = mkdtempSync(join(tmpdir(), 'nfwhy-root-'))
  const [from, to] = said('COPY').split(' ') as [string, string]
  const [program] = JSON.parse(said('ENTRYPOINT')) as [string]
  const put = (file: string, at = file) => {
    mkdirSync(dirname(join(root, at)), { recursive: true })
    copyFileSync(file, join(root, at))
  }

  beforeAll(() => {
    const built = join(root, 'built')
    execFileSync(process.execPath, [join(ROOT, 'scripts/single.mjs'), built])
    put(built, to)
    chmodSync(join(root, to), 0o755)
    put(process.execPath, '/usr/local/bin/node')
    put('/usr/bin/env')
    const linked = [process.execPath, '/usr/bin/env'].flatMap((file) =>
      execFileSync('ldd', [file], { encoding: 'utf8' })
        .match(/\/\S+/g)!
        .filter((one) => !one.endsWith(':')),
    )
    for (const one of new Set(linked)) put(one)
    cpSync(EXAMPLE, join(root, said('WORKDIR')), { recursive: true })
    chmodSync(root, 0o755)
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  test('explains files as a user without any rights', async () => {
    expect(from).toBe('dist.single/nfwhy')
    const { status, stdout, stderr } = spawnSync(
      'chroot',
      [
        `--userspec=${said('USER')}`,
        root,
        '/usr/bin/env',
        '-i',
        'PATH=/usr/local/bin',
        'LANG=C.UTF-8',
        program,
        'explain',
        said('WORKDIR'),
      ],
      { encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    expect(status).toBe(1)
    // as it is called there
    const own = (text: string) => text.replaceAll(EXAMPLE, said('WORKDIR'))
    expect(stdout).toBe(own((await nfwhy(['explain', EXAMPLE])).stdout))
  })

  test('traces with the capability that it names, and leaves nothing', async ({ onTestFinished }) => {
    const [, capability] = /--cap-drop all --cap-add (\w+)/.exec(recipe)!
    const place = await TestPlace.open(onTestFinished, {
      setup:
        "nft 'add table inet t; add chain inet t input { type filter hook input priority 0; }; add rule inet t input icmp type echo-request drop'",
    })
    const before = await snapshot(place)
    place.background('for i in 1 2 3 4 5 6 7 8 9 10; do ping -c 1 -W 1 127.0.0.1; sleep 1; done')
    const run = ['setpriv', `--bounding-set=-all,+${capability!.toLowerCase()}`, '--inh-caps=-all']
    const { status, output } = await place.run(
      [
        ...run,
        join(root, to),
        'trace',
        '--backend',
        'nft',
        '--count',
        '1',
        '--for',
        '20s',
        '--json',
        'icmp',
        '2>/dev/null',
      ].join(' '),
      60,
    )
    expect(status, output).toBe(1)
    expect(JSON.parse(output).journeys).toMatchObject([{ outcome: 'dropped', culprit: { chain: 'input' } }])
    expect(changes(before, await snapshot(place)).filter((one) => !one.includes('process:'))).toEqual([])
  })
})
