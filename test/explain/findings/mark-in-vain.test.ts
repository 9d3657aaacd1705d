/** A chain of type filter marks what this host sends, which is not routed again for that. */
import { describe, expect, it } from 'vitest'
import { applyEdits } from '../../../src/edits/apply.ts'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'

const OWN: Packet = { protocol: 'tcp', src: '10.0.2.1', sport: 40_000, dst: '10.50.0.9', dport: 80, tcpFlags: ['syn'] }
const found = (type: string, mark = 1, priority = 'mangle', more = '') => {
  const rule = `ip daddr 10.50.0.0/24 meta mark set ${mark} # handle 2`
  const text = `table inet fw {\n\tchain mangle_output {\n\t\ttype ${type} hook output priority ${priority}; policy accept;\n\t\t${rule}\n\t}\n${more}}\n`
  return toldOf(text)
}

const ofIptables = (table: string) =>
  toldOf(
    `*${table}\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 10.50.0.0/24 -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n*mangle\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n`,
  )

function toldOf(text: string) {
  const world = { ...worldOf(text), host: { ...ROUTER } }
  world.host.routingRules = [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ]
  world.host.routes = [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '10.50.0.0/24', gateway: '10.0.1.9', table: '100', device: 'eth0' },
  ]
  const { evidence, ended } = modelEngine.play(world, OWN)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  const told = journey.findings.find(
    ({ code, message }) => code === 'mark-missing' && /of type|of table mangle/.test(message),
  )
  const mended = told && applyEdits(world, told.fix[0]!.edits!)
  if (mended && 'error' in mended) throw new Error(mended.error)
  return told && { ...told, out: modelEngine.play(mended!.world, OWN).packet.out }
}

describe('a mark that comes too late', () => {
  it('is named, and set again in a chain of type route', () => {
    const { message, fix } = found('filter')!
    expect(message).toBe(
      'inet fw mangle_output handle 2 gives it mark 0x1, which leads out of eth0, but mangle_output is of type filter: only a chain of type route makes the kernel route it again.',
    )
    const { command, undo } = fixCommands(fix[0]!)
    expect(String(command)).toMatch(
      /^nft add chain inet fw route_output .*type route.* && nft add rule inet fw route_output /,
    )
    expect(String(undo)).toBe('nft flush chain inet fw route_output && nft delete chain inet fw route_output')
    expect(fix[0]).toMatchObject({ verified: 'model', after: 'sent' })
    expect(found('filter')!.out).toBe('eth0')
  })

  it('is none in a chain of type route, nor where no routing rule goes by it', () => {
    expect(found('route')).toBeUndefined()
    expect(found('filter', 7)).toBeUndefined()
  })

  it('of a chain in front of mangle is set again in front of that: what has the mark already is not routed again', () => {
    const { fix, out } = found('filter', 1, 'raw')!
    expect(String(fixCommands(fix[0]!).command)).toContain('priority raw - 1')
    expect(out).toBe('eth0')
  })

  it('is set in a chain of type route that is there, if that comes in front of the one that gives it', () => {
    const routing = (priority: string) =>
      `\tchain routing {\n\t\ttype route hook output priority ${priority}; policy accept;\n\t}\n`
    const mended = (priority: string) => {
      const { fix, out } = found('filter', 1, 'filter', routing(priority))!
      expect(out).toBe('eth0')
      return String(fixCommands(fix[0]!).command)
    }
    expect(mended('mangle')).toMatch(/^nft add rule inet fw routing /)
    expect(mended('security')).toMatch(/^nft add chain inet fw route_output /)
  })

  it('is named of iptables, and set again in mangle', () => {
    const { message, fix, out } = ofIptables('filter')!
    expect(message).toBe(
      'filter OUTPUT rule 1 gives it mark 0x1, which leads out of eth0, but in OUTPUT only rules of table mangle make the kernel route it again.',
    )
    expect(String(fixCommands(fix[0]!).command)).toMatch(
      /^iptables -t mangle -A OUTPUT .* -j MARK --set-xmark 0x1\/0xffffffff$/,
    )
    expect(fix[0]).toMatchObject({ verified: 'model', after: 'sent' })
    expect(out).toBe('eth0')
  })

  it('of raw is moved to mangle', () => {
    const { fix, out } = ofIptables('raw')!
    const { command, undo } = fixCommands(fix[0]!)
    expect(String(command)).toBe(
      'iptables -t mangle -A OUTPUT -d 10.50.0.0/24 -j MARK --set-xmark 0x1/0xffffffff && iptables -t raw -D OUTPUT 1',
    )
    expect(String(undo)).toBe(
      'iptables -t raw -I OUTPUT 1 -d 10.50.0.0/24 -j MARK --set-xmark 0x1/0xffffffff && iptables -t mangle -D OUTPUT -d 10.50.0.0/24 -j MARK --set-xmark 0x1/0xffffffff',
    )
    expect(out).toBe('eth0')
  })
})
