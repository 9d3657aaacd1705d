/** The rule that accepts stands behind the one that stops. */
import { describe, expect, it } from 'vitest'
import { type Case, told } from './played.ts'

const rules = (...lines: string[]): Case => ({
  rules: { filter: ['[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...lines] },
})
const HTTP = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'

describe('accepted-too-late', () => {
  it('puts a copy in front', () => {
    expect(told(rules('-A FORWARD -j DROP', HTTP), 'accepted-too-late')).toEqual({
      message: 'filter FORWARD rule 3 would accept this packet, but comes after rule 2.',
      rules: ['filter FORWARD rule 3', 'filter FORWARD rule 2'],
      fix: 'iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded',
    })
  })

  it('takes a limit behind it for one that has counted nothing yet', () => {
    const limited = HTTP.replace('-j', '-m limit --limit 5/sec -j')
    const message =
      'filter FORWARD rule 3 would accept this packet (as long as its limit is not used up), but comes after rule 2.'
    expect(told(rules('-A FORWARD -j DROP', limited), 'accepted-too-late')?.message).toBe(message)
    const over = HTTP.replace(
      '-j',
      '-m hashlimit --hashlimit-above 5/sec --hashlimit-name web --hashlimit-mode srcip -j',
    )
    expect(told(rules('-A FORWARD -j DROP', over), 'accepted-too-late')).toBeUndefined()
  })

  it('sees it behind another one that stops the packet, too', () => {
    const found = told(
      rules('-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', '-A FORWARD -j REJECT', HTTP),
      'accepted-too-late',
    )
    expect(found?.rules).toEqual(['filter FORWARD rule 4', 'filter FORWARD rule 2'])
  })

  it('copies it past what stops the packet, and not past what stops others that the rule accepts', () => {
    const ALL = '-A FORWARD -s 10.0.1.0/24 -j ACCEPT'
    const past = (between: string) => told(rules('-A FORWARD -p tcp -j DROP', between, ALL), 'accepted-too-late')
    expect(past('-A FORWARD -j DROP')?.fix).toBe('iptables -I FORWARD 2 -s 10.0.1.0/24 -j ACCEPT → forwarded')
    expect(past('-A FORWARD -p udp -m udp --dport 123 -j DROP')).toEqual({
      message: expect.stringContaining('filter FORWARD rule 4 would accept this packet, but comes after rule 2'),
      rules: ['filter FORWARD rule 4', 'filter FORWARD rule 2'],
    })
  })

  it('copies no service past where what comes in elsewhere is led', () => {
    const fix = (...between: string[]) =>
      told(rules('-A FORWARD -i eth0 -g no', ...between, HTTP, '-A no -j DROP'), 'accepted-too-late')?.fix
    expect(fix()).toBe('iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded')
    expect(fix('-A FORWARD -i eth7 -g no')).toBeUndefined()
  })

  it('is none in front of a rule that lets in whatever begins a connection', () => {
    const NEW = '-A FORWARD -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT'
    expect(told(rules('-A FORWARD -i eth0 -p tcp -j DROP', NEW), 'accepted-too-late')).toBeUndefined()
  })

  it('sees it behind a jump to what stops the packet', () => {
    const jump = rules('-A FORWARD -j deny', HTTP, '-A deny -i eth0 -j no', '-A no -j DROP')
    expect(told(jump, 'accepted-too-late')).toEqual({
      message: 'filter FORWARD rule 3 would accept this packet, but comes after rule 2.',
      rules: ['filter FORWARD rule 3', 'filter FORWARD rule 2'],
      fix: 'iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded',
    })
  })

  it('says nothing where what stops it is an exception from what accepts all, by all rules that led to the verdict', () => {
    const block = rules('-A FORWARD -d 10.0.2.0/24 -j deny', '-A FORWARD -j allow', '-A deny -o eth1 -j DROP')
    const allow = '-A allow -o eth1 -j ACCEPT'
    expect(told({ rules: { filter: [...block.rules.filter!, allow] } }, 'accepted-too-late')).toBeUndefined()
    const other = '-A allow -i eth0 -j ACCEPT'
    expect(told({ rules: { filter: [...block.rules.filter!, other] } }, 'accepted-too-late')).toBeDefined()
  })

  it('sees the zone behind a goto that was to ask for the interface of another one', () => {
    const zones = (first: string) =>
      rules(
        '-A FORWARD -j zones',
        '-A FORWARD -j REJECT',
        first,
        '-A zones -i eth0 -g inside',
        '-A zones -g outside',
        '-A inside -p tcp -m tcp --dport 80 -j ACCEPT',
        '-A outside -p tcp -m tcp --dport 22 -j ACCEPT',
      )
    expect(told(zones('-A zones -g outside'), 'accepted-too-late')).toEqual({
      message: 'filter zones rule 2 would lead this packet to inside rule 1, which accepts it, but comes after rule 1.',
      rules: ['filter inside rule 1', 'filter zones rule 2', 'filter zones rule 1'],
      fix: 'iptables -I zones 1 -i eth0 -g inside → forwarded',
    })
    // who asks for something else has chosen it
    expect(told(zones('-A zones -s 10.0.1.0/24 -g outside'), 'accepted-too-late')).toBeUndefined()
    expect(told(zones('-A zones -i eth1 -g outside'), 'accepted-too-late')).toBeUndefined()
  })

  it('says nothing of a rule that matches what is written only behind the one that stops', () => {
    const policy = (mark: string): Case =>
      rules(
        '-A FORWARD -j workload',
        '-A FORWARD -m mark --mark 0x10000/0x10000 -j ACCEPT',
        '-A workload -p tcp -m tcp --dport 80 -j DROP',
        `-A workload -j MARK --set-xmark ${mark}`,
      )
    expect(told(policy('0x10000/0x10000'), 'accepted-too-late')).toBeUndefined()
  })

  it('only tells it where the rule in front is for just such packets', () => {
    const found = told(rules('-A FORWARD -s 10.0.1.2/32 -j DROP', HTTP), 'accepted-too-late')
    expect([found?.rules, found?.fix]).toEqual([['filter FORWARD rule 3', 'filter FORWARD rule 2'], undefined])
  })

  it.each([
    ['a network', '-s 10.0.1.0/24'],
    ['all but one', '! -s 10.0.1.3/32 -p tcp'],
  ])('copies nothing past a rule that chooses by what the accept does not ask, as one against %s', (_name, chosen) => {
    const found = told(rules(`-A FORWARD ${chosen} -j DROP`, HTTP), 'accepted-too-late')
    expect(found).toEqual({
      message:
        'filter FORWARD rule 3 would accept this packet, but comes after rule 2. If rule 2 is meant to stop it, leave it so.',
      rules: ['filter FORWARD rule 3', 'filter FORWARD rule 2'],
    })
    const begun = told(rules('-A FORWARD -i eth0 -m conntrack --ctstate NEW -j DROP', HTTP), 'accepted-too-late')
    expect(begun?.fix).toBe('iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded')
  })

  it('names the rule that would have led to it, and then no rule is missing', () => {
    const zones = rules(
      '-A FORWARD -i eth+ -j wan',
      '-A FORWARD -i eth0 -j guest',
      `${HTTP.replace('FORWARD', 'guest')}`,
    )
    const one: Case = {
      rules: {
        filter: [...zones.rules.filter!, '-A wan -p tcp -m tcp --dport 8080 -j ACCEPT', '-A wan -i eth+ -j DROP'],
      },
    }
    expect(told(one, 'accepted-too-late')).toEqual({
      message:
        'filter FORWARD rule 3 would lead this packet to guest rule 1, which accepts it, but comes after rule 2.',
      rules: ['filter guest rule 1', 'filter FORWARD rule 3', 'filter FORWARD rule 2'],
      fix: 'iptables -I FORWARD 2 -i eth0 -j guest → forwarded',
    })
    expect(told(one, 'missing-rule')).toBeUndefined()
  })

  it('names the jump on whose walk the accept lies, not one in front that only comes back', () => {
    const lines = ['-A FORWARD -j users', '-A FORWARD -j stage', '-A FORWARD -i eth0 -j services']
    const chains = ['-A users -i eth0 -j DROP', '-A stage -j RETURN', HTTP.replace('FORWARD', 'services')]
    expect(told(rules(...lines, ...chains), 'accepted-too-late')).toEqual({
      message:
        'filter FORWARD rule 4 would lead this packet to services rule 1, which accepts it, but comes after rule 2.',
      rules: ['filter services rule 1', 'filter FORWARD rule 4', 'filter FORWARD rule 2'],
    })
  })

  it('does not lead all packets past a chain that all of them traverse first', () => {
    const lines = ['-A FORWARD -j users', '-A FORWARD -i eth0 -j services']
    const chains = ['-A users -i eth0 -j DROP', HTTP.replace('FORWARD', 'services')]
    expect(told(rules(...lines, ...chains), 'accepted-too-late')?.fix).toBeUndefined()
  })

  it('sees it behind a jump without conditions: what it does not accept comes back', () => {
    const one = rules('-A FORWARD -i eth0 -j DROP', '-A FORWARD -j public', HTTP.replace('FORWARD', 'public'))
    expect(told(one, 'accepted-too-late')?.rules).toContain('filter FORWARD rule 3')
  })

  it('is not told of a limit, which stands in front of what it limits', () => {
    const limit = '--connlimit-above 2 --connlimit-mask 32 --connlimit-saddr'
    const one = rules(`-A FORWARD -p tcp -m tcp --dport 80 -m connlimit ${limit} -j DROP`, HTTP)
    expect(told({ ...one, assume: new Map([[limit, true]]) }, 'dropped-by-rule')?.message).toContain(limit)
    expect(told({ ...one, assume: new Map([[limit, true]]) }, 'accepted-too-late')).toBeUndefined()
  })

  it.each([
    ['it is for another port', rules('-A FORWARD -j DROP', '-A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT')],
    ['it accepts whatever is left', rules('-A FORWARD -p tcp -j DROP', '-A FORWARD -j ACCEPT')],
    [
      'the rule in front is an exception to it',
      rules('-A FORWARD -i eth0 -o eth1 -j DROP', '-A FORWARD -i eth0 -j ACCEPT'),
    ],
    [
      'a goto without conditions leads there: it takes what no rule in front chose',
      rules('-A FORWARD -i eth0 -g drop', '-A FORWARD -g public', '-A drop -j DROP', HTTP.replace('FORWARD', 'public')),
    ],
    ['it stands in front', rules(HTTP, '-A FORWARD -j DROP')],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'accepted-too-late')).toBeUndefined()
  })
})
