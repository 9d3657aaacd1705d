/** A mark that one rule set for the very packet, and another took away before the rule of nat that masquerades by it. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { ifInVain } from '../../../src/explain/in-vain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, played, type Rules, SYN, saved, told } from './played.ts'

/** Behind a router of the next network: whether that has a route back is not known here. */
const DST = '10.0.8.9'
const PACKET = { ...SYN, dst: DST }

const entryWith = (status: string[]) =>
  entry({
    original: { src: '10.0.1.2', dst: DST, sport: 40_000, dport: 80 },
    reply: { src: DST, dst: '10.0.1.2', sport: 80, dport: 40_000 },
    status,
  })
const UNREPLIED = [entryWith(['unreplied'])]
const SETS = '-A PREROUTING -p tcp -j MARK --set-xmark 0x4000/0x4000'
const CLEARS_ALL = '-A FORWARD -j MARK --set-xmark 0x0/0xffffffff'
const MASQUERADES = '-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE'

const one = (mangle: string[], nat = [MASQUERADES], listed = UNREPLIED): Case => ({
  rules: { mangle, nat, filter: [] },
  packet: PACKET,
  listed,
})
const source = (case_: Case) =>
  played(case_)
    .findings.filter(({ code }) => code === 'mark-missing')
    .flatMap(({ fix }) => fix.map((each) => [String(fixCommands(each).command), each.afterSource]))

describe('a mark for masquerading that another rule took away', () => {
  it('names who cleared it, who had set it and who asks, and spares the bit', () => {
    const found = told(one([SETS, CLEARS_ALL]), 'mark-missing')
    expect(found).toEqual({
      message:
        'nat POSTROUTING rule 1 requires mark 0x4000/0x4000, which the packet does not have: mangle FORWARD rule 1 cleared it after mangle PREROUTING rule 1 had set it.',
      rules: ['mangle FORWARD rule 1', 'mangle PREROUTING rule 1', 'nat POSTROUTING rule 1'],
      fix: 'iptables -t mangle -R FORWARD 1 -j MARK --set-xmark 0x0/0xffffbfff → forwarded',
    })
    expect(source(one([SETS, CLEARS_ALL]))[0]?.[1]).toBe('10.0.2.1')
  })

  it('lets a rule that asks for one bit compare the rest of the mark', () => {
    const mangle = [
      '-A PREROUTING -p tcp -j MARK --set-xmark 0x1b020/0xffffffff',
      SETS,
      '-A FORWARD -m mark --mark 0x20/0x20 -j MARK --set-xmark 0x0/0x4000',
    ]
    const nat = ['-A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN', '-A POSTROUTING -j MASQUERADE']
    const found = told(one(mangle, nat), 'mark-missing')
    expect(found?.message).toBe(
      'nat POSTROUTING rule 1 matches packets without mark 0x4000/0x4000, and mangle FORWARD rule 1 cleared it after mangle PREROUTING rule 2 had set it.',
    )
    expect(found?.fix).toBe(
      'iptables -t mangle -R FORWARD 1 -m mark --mark 0x20/0xffffbfff -j MARK --set-xmark 0x0/0x4000 → forwarded',
    )
    // in front of the rule that returns, for this packet alone
    expect(source(one(mangle, nat)).map(([command]) => command)).toContain(
      'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -d 10.0.8.9 -o eth1 -j MASQUERADE',
    )
  })

  it('lets what has the mark skip a rule that gives others a whole mark of its own', () => {
    const sets = SETS.replace('0x4000/0x4000', '0x170/0xffffffff')
    const mangle = [sets, '-A FORWARD -i eth0 -j MARK --set-xmark 0x169/0xffffffff']
    expect(told(one(mangle, [MASQUERADES.replace('0x4000/0x4000', '0x170')]), 'mark-missing')?.fix).toBe(
      'iptables -t mangle -I FORWARD 1 -m mark --mark 0x170 -j RETURN → forwarded',
    )
  })

  it('deletes a rule that clears that bit of every packet', () => {
    const mangle = [SETS, '-A FORWARD -j MARK --set-xmark 0x0/0x4000']
    expect(told(one(mangle), 'mark-missing')?.fix).toBe('iptables -t mangle -D FORWARD 1 → forwarded')
  })

  it('spares all bits that are asked for, of a mark that was overwritten', () => {
    const mangle = ['-A PREROUTING -p tcp -j MARK --set-xmark 0x6/0x6', '-A FORWARD -p tcp -j MARK --set-xmark 0xa/0xf']
    const found = told(one(mangle, [MASQUERADES.replaceAll('0x4000', '0x6')]), 'mark-missing')
    expect(found?.message).toContain(
      'mangle FORWARD rule 1 overwrote it with 0xa after mangle PREROUTING rule 1 had set it',
    )
    expect(found?.fix).toBe('iptables -t mangle -R FORWARD 1 -p tcp -j MARK --set-xmark 0x8/0x9 → forwarded')
  })

  it("says the same of the connection's mark", () => {
    const mangle = [SETS, CLEARS_ALL].map((rule) => rule.replace('-j MARK', '-j CONNMARK'))
    const found = told(one(mangle, [MASQUERADES.replace('-m mark', '-m connmark')]), 'mark-missing')
    expect(found?.message).toBe(
      'nat POSTROUTING rule 1 requires connection mark 0x4000/0x4000, which the packet does not have: mangle FORWARD rule 1 cleared it after mangle PREROUTING rule 1 had set it.',
    )
    expect(found?.fix).toBe('iptables -t mangle -R FORWARD 1 -j CONNMARK --set-xmark 0x0/0xffffbfff → forwarded')
  })

  it.each([
    ['a reply came back', one([SETS, CLEARS_ALL], [MASQUERADES], [entryWith(['assured'])])],
    ['nobody says whether one did', one([SETS, CLEARS_ALL], [MASQUERADES], [])],
    ['no rule had set it', one([CLEARS_ALL])],
    ['another rule masqueraded it', one([SETS, CLEARS_ALL], [MASQUERADES, '-A POSTROUTING -o eth1 -j MASQUERADE'])],
    ['the rule asks for something else, too', one([SETS, CLEARS_ALL], [MASQUERADES.replace('-m', '-o eth7 -m')])],
    ['the rule does not masquerade', one([SETS, CLEARS_ALL], [MASQUERADES.replace('MASQUERADE', 'ACCEPT')])],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'mark-missing')).toBeUndefined()
  })

  it('is told of an exchange without a reply, where connections are not listed', () => {
    const rules: Rules = { mangle: [SETS, CLEARS_ALL], nat: [MASQUERADES], filter: [] }
    const world = makeWorld(saved(rules), ROUTER)
    const { evidence, ended } = modelEngine.play(world, PACKET)
    const journey = explain(evidence, world, { ended })
    const found = ifInVain(evidence, journey, world, modelEngine)
    expect(found?.refused?.filter(({ code }) => code === 'mark-missing') ?? []).toEqual([])
    const [lost] = found!.unanswered!.filter(({ code }) => code === 'mark-missing')
    expect(lost?.fix[0]).toMatchObject({ verified: 'model', after: 'forwarded', afterSource: '10.0.2.1' })
  })
})

describe("the same in nft's words", () => {
  function fixesOf(clears: string, asks: string[]) {
    const chain = (name: string, hook: string, type: string, rules: string[]) =>
      `\tchain ${name} {\n\t\ttype ${type} hook ${hook} priority ${type === 'nat' ? 'srcnat' : 'mangle'}; policy accept;\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`
    const text = `table ip fw {\n${chain('pre', 'prerouting', 'filter', ['meta mark set 0x1b020 # handle 5', 'meta mark set meta mark | 0x00004000 # handle 6'])}${chain('fwd', 'forward', 'filter', [clears])}${chain('post', 'postrouting', 'nat', asks)}}\n`
    const before = { ...worldOf(text), host: { ...ROUTER } }
    const { evidence, ended } = modelEngine.play(before, PACKET)
    const world = { ...before, host: { ...ROUTER, conntrack: UNREPLIED } }
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    const found = journey.findings.find(({ code }) => code === 'mark-missing')
    const fix = found?.fix[0]
    return [found?.message, fix && String(fixCommands(fix).command), fix?.afterSource]
  }

  it('spares the bit', () => {
    expect(
      fixesOf('meta mark set 0x00000000 # handle 7', ['meta mark & 0x4000 == 0x4000 masquerade # handle 8']),
    ).toEqual([
      'ip fw post handle 8 requires mark 0x4000/0x4000, which the packet does not have: ip fw fwd handle 7 cleared it after ip fw pre handle 6 had set it.',
      "nft replace rule ip fw fwd handle 7 meta mark set meta mark '&' 0x00004000",
      '10.0.2.1',
    ])
  })

  it('compares the rest of the mark, in front of a return', () => {
    const clears = 'meta mark & 0x20 == 0x20 meta mark set meta mark & 0xffffbfff # handle 7'
    expect(fixesOf(clears, ['meta mark & 0x4000 != 0x4000 return # handle 8', 'masquerade # handle 9'])).toEqual([
      'ip fw post handle 8 matches packets without mark 0x4000/0x4000, and ip fw fwd handle 7 cleared it after ip fw pre handle 6 had set it.',
      "nft replace rule ip fw fwd handle 7 meta mark '&' 0xffffbfff '==' 0x00000020 meta mark set meta mark '&' 0xffffbfff",
      '10.0.2.1',
    ])
  })
})
