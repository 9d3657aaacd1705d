/** Of the rules that nearly matched: those for the packet's own service, and for its own source. */
import { describe, expect, it } from 'vitest'
import { FOR_REPORTS } from '../../../src/model/for-reports.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { type Case, findingsOf, played, SYN } from './played.ts'

const only = (...rules: string[]): Case => ({
  rules: {
    filter: ['-P FORWARD DROP', '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...rules],
  },
})
const notes = (one: Case) => findingsOf(played(one), 'near-miss').map(({ message }) => message)

describe('near-miss', () => {
  it('tells reports of a rule for the source of the packet at another interface', () => {
    const at = (rule: string) => {
      const one: Case = {
        rules: { nat: [`-A POSTROUTING ${rule} -j MASQUERADE`] },
        packet: { ...SYN, dst: '198.51.100.7' },
      }
      return findingsOf(played(one), 'near-miss').map((found) => found[FOR_REPORTS]?.isAtOtherLink ?? false)
    }
    expect(at('-s 10.0.1.0/24 -o eth9')).toEqual([true])
    expect(at('-o eth9')).toEqual([false])
    expect(at('-s 10.0.9.0/24 -o eth1')).toEqual([false])
  })

  it('leaves out rules for other services beside one for the service of the packet, which others use', () => {
    const ssh = '[0:0] -A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT'
    const own = '[9:540] -A FORWARD -s 10.0.3.0/24 -p tcp -m multiport --dports 80,443 -j ACCEPT'
    const slip = '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT'
    expect(notes(only(ssh, own))).toEqual([
      'filter FORWARD rule 3 would have accepted it, but only matches -s 10.0.3.0/24; the packet comes from 10.0.1.2.',
    ])
    expect(notes(only(ssh))).toHaveLength(1)
    expect(notes(only(slip, own))).toHaveLength(2)
  })

  it('is no rule for loopback where the packet came in on an interface without a name', () => {
    const log = ['raw:PREROUTING:policy:2', 'filter:INPUT:policy:2']
      .map(
        (at) =>
          `TRACE: ${at} IN=#2 OUT= SRC=10.0.1.2 DST=10.0.1.1 LEN=60 TTL=64 ID=1 PROTO=TCP SPT=40000 DPT=80 SYN \n`,
      )
      .join('')
    const at = (rule: string) => {
      const rules = `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n${rule}\nCOMMIT\n`
      const { journeys } = explainLog(log, worldOf(rules))
      return findingsOf(journeys[0]!, 'near-miss').map(({ message }) => message)
    }
    expect(at('-A INPUT -i lo -j ACCEPT')).toEqual([])
    expect(at('-A INPUT -i eth7 -p tcp -m tcp --dport 80 -j ACCEPT')).toEqual([
      expect.stringContaining('the packet came in on interface 2'),
    ])
  })
})
