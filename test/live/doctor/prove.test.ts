/** A packet of nfwhy's own is seen, and nothing is left of it; killed, neither. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { prove, proveHere } from '../../../src/live/doctor/prove.ts'
import { survey } from '../../../src/live/survey/facts.ts'
import { runScript, startScript, type TraceHost } from '../../../src/live/trace-host.ts'
import { lab, whyNoLab } from './lab.ts'

const why = whyNoLab('nft', 'iptables-legacy', 'tcpdump', 'busybox', 'ping')
const described = describe.skipIf(why !== undefined)

const tables = async (place: TraceHost) =>
  new TextDecoder().decode((await runScript(place, 'nft list tables; cat /proc/net/ip_tables_names')).stdout).trim()

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test('in a throw-away one, by every way that there is', async () => {
    const place = await lab('nft add table ip x')
    const proofs = await prove(place, await survey(place, 'close'))
    const seen = (way: string) => proofs.find((proof) => proof.way === way)
    expect(seen('nft')).toMatchObject({ where: 'throw-away', result: 'seen' })
    expect(seen('nft')?.said).toMatch(/^trace id \w+ ip prove out packet: .* ip daddr 127\./)
    expect(seen('nflog')).toMatchObject({ result: 'seen' })
    // whether namespaces may write to the kernel's log is the host's to say
    const { result, said } = seen('kernel-log')!
    expect(result === 'seen' ? said : `TRACE: ${said}`).toMatch(/TRACE: .*(?:DST=127|nf_log_all_netns|dmesg)/)
    expect(await tables(place)).toBe('table ip x')
  })

  test('with BusyBox as shell and tools', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const applets = [
      'sh',
      'ping',
      'unshare',
      'grep',
      'head',
      'tail',
      'cat',
      'ip',
      'id',
      'mktemp',
      'rm',
      'rmdir',
      'sleep',
      'dmesg',
    ]
    for (const name of applets) symlinkSync('/usr/bin/busybox', join(folder, name))
    const { prefix, name } = await lab()
    const place = { name, prefix: [...prefix, 'env', `PATH=${folder}:${process.env.PATH}`] }
    const facts = await survey(place, 'close')
    expect(facts.programs.get('ip')).toBe(join(folder, 'ip'))
    const proofs = [...(await prove(place, facts)), ...(await proveHere(place, facts))]
    expect(proofs.filter(({ way }) => way === 'nft').map(({ result }) => result)).toEqual(['seen', 'seen'])
  })

  test('in this one, and the table is gone', async () => {
    const place = await lab('nft add table ip x')
    const proofs = await proveHere(place, await survey(place, 'close'))
    expect(proofs).toMatchObject([{ where: 'here', way: 'nft', result: 'seen' }])
    expect(proofs[0]?.said).toMatch(/ inet nfwhy-\d+ out packet: .* ip daddr 127\./)
    expect(await tables(place)).toBe('table ip x')
  })

  test('where nothing can be sent, it is not said to be seen', async () => {
    const place = await lab('ip addr flush dev lo; ip link set lo down')
    const proofs = await proveHere(place, await survey(place, 'close'))
    expect(proofs).toMatchObject([{ result: 'not-seen', said: expect.stringContaining('lo is down') }])
  })

  test('killed in the middle, its table dies with it', async () => {
    const place = await lab()
    const facts = await survey(place, 'close')
    // every program of it in that namespace is killed as soon as the table is there
    const killer = startScript(
      place,
      `i=0; until nft list tables | grep -q nfwhy; do i=$((i+1)); [ $i -lt 200 ] || exit 1; done
for p in /proc/[0-9]*; do read -r name <$p/comm; [ "$name" = nft ] && kill -9 \${p#/proc/}; done; echo killed`,
    )
    const [killed] = await Promise.all([killer.ended, proveHere(place, facts)])
    expect(killed).toBe(0)
    expect(await tables(place)).toBe('')
  })

  test('a way that would load something is not tried', async () => {
    const place = await lab()
    const facts = await survey(place, 'close')
    const proofs = await prove(place, {
      ...facts,
      modules: new Map([['iptable_raw', 'can-be-loaded']]),
      nftNotLoaded: true,
    })
    expect(proofs.map(({ way, result }) => [way, result])).toEqual([
      ['nft', 'not-tried'],
      ['kernel-log', 'not-tried'],
      ['nflog', 'not-tried'],
    ])
  })
})
