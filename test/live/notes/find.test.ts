/**
 * Notes that nobody should believe: planted by others, linked, damaged, hostile. Cleaning up by root does nothing that
 * stands in them. And notes that are true: whose session is over, lives, or is of another boot or network.
 */
import { describe, expect, test } from 'vitest'
import { type CleanedUp, cleanUp } from '../../../src/live/cleanup.ts'
import { diagnose } from '../../../src/live/doctor/diagnose.ts'
import { ANY_PACKET } from '../../../src/live/doctor/wish.ts'
import { survey } from '../../../src/live/survey/facts.ts'
import { parseVia } from '../../../src/live/trace-host.ts'
import { shellWord } from '../../../src/model/command.ts'
import { TestPlace, type WhenOver, whyNoPlace } from '../lab/place.ts'
import { changes, snapshot } from '../lab/snapshot.ts'

const missing = whyNoPlace('setpriv')
const LOGGER = '/proc/sys/net/netfilter/nf_log/2'

/** A whole note, of the place's boot and network; sh. */
const note = (
  lines: readonly string[],
  { boot = '$boot', netns = '$netns', id = 'nfwhy-1', more = '' } = {},
): string => `
boot=$(cat /proc/sys/kernel/random/boot_id) netns=$(readlink /proc/self/ns/net) pidns=$(readlink /proc/self/ns/pid)
printf '%s\\n' 'nfwhy-note 1' 'session ${id}' "boot ${boot}" "netns ${netns}" "pidns $pidns" 'since 1' 'until 2' ${lines.map(shellWord).join(' ')} ${more} end`
const SYSCTL = 'sysctl net/netfilter/nf_log/2 NONE nfnetlink_log'
const FOLDER = 'umask 077; mkdir /run/nfwhy'
const planted = (text: string, file = '/run/nfwhy/nfwhy-1') => `${FOLDER}; { ${text}; } >${file}`

/** Root's, with a setting that a session of it might have left, a rule and the folders of a machine of its own. */
async function open(whenOver: WhenOver): Promise<TestPlace> {
  const place = await TestPlace.open(whenOver, { setup: 'iptables-legacy -A INPUT -p udp --dport 9 -j DROP' })
  const { output } = await place.runThere(`
mount -t tmpfs -o mode=1777 none /tmp; mount -t tmpfs -o mode=1777 none /dev/shm
echo nfnetlink_log >${LOGGER}`)
  expect(output).toBe('')
  return place
}

const NOTHING: CleanedUp = {
  removed: [],
  failures: [],
  running: [],
  elsewhere: [],
  stays: [],
  distrusted: [],
  blind: false,
}

const NOBODY = 'setpriv --reuid 65534 --regid 65534 --clear-groups sh -c'
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are for a shell
const HOSTILE: readonly [name: string, plant: string][] = [
  [
    "a folder of another user's",
    `mkdir /run/nfwhy; ${note([SYSCTL]).trim()} >/run/nfwhy/nfwhy-1; chown -R 65534 /run/nfwhy`,
  ],
  [
    'a folder that all may write into',
    `mkdir -m 777 /run/nfwhy; {${note([SYSCTL])}; } >/run/nfwhy/nfwhy-1; chmod 777 /run/nfwhy`,
  ],
  [
    'a folder that is a link',
    `mkdir -m 700 /run/other; ln -s other /run/nfwhy; {${note([SYSCTL])}; } >/run/other/nfwhy-1`,
  ],
  [
    'in /tmp, by another user',
    `${NOBODY} ${shellWord(`umask 077; mkdir /tmp/nfwhy-0; {${note([SYSCTL])}; } >/tmp/nfwhy-0/nfwhy-1`)}`,
  ],
  [
    'in /dev/shm, by another user, who links to a folder of root',
    `umask 077; mkdir /root-only 2>/dev/null; mkdir /run/x; {${note([SYSCTL])}; } >/run/x/nfwhy-1; ${NOBODY} 'ln -s /run/x /dev/shm/nfwhy-0'`,
  ],
  ['a folder where all may move it', `mkdir -m 777 /run/wide; chmod 777 /run; ${planted(note([SYSCTL]))}`],
  ["a file of another user's", `${planted(note([SYSCTL]))}; chown 65534 /run/nfwhy/nfwhy-1`],
  ['a file that others may write', `${planted(note([SYSCTL]))}; chmod 666 /run/nfwhy/nfwhy-1`],
  ['a file that is a link', `${planted(note([SYSCTL]), '/run/note')}; ln -s /run/note /run/nfwhy/nfwhy-1`],
  ['a file that is a pipe', `${FOLDER}; mkfifo /run/nfwhy/nfwhy-1`],
  ['a file that is a folder', `${FOLDER}; mkdir /run/nfwhy/nfwhy-1`],
  ['rubbish', `${FOLDER}; head -c 4000 /dev/urandom >/run/nfwhy/nfwhy-1`],
  ['nothing', planted(':')],
  ['cut', planted(`${note([SYSCTL])} | head -n 8`)],
  ['huge', planted(`${note([SYSCTL])}; yes '${SYSCTL}' | head -c 50000000; echo end`)],
  ['another session in its name', planted(note([SYSCTL], { id: 'nfwhy-2' }))],
  ['a name of no session', planted(note([SYSCTL], { id: 'x' }), '/run/nfwhy/x')],
  ['a name with blanks and a command', planted(note([SYSCTL]), "'/run/nfwhy/nfwhy-1 $(touch canary)'")],
  ['a name of two lines', planted(note([SYSCTL]), "'/run/nfwhy/a\nremoved all'")],
  ...[
    'sysctl net/netfilter/nf_log/../../../kernel/core_pattern NONE nfnetlink_log',
    'sysctl ../../run/canary NONE nfnetlink_log',
    'sysctl kernel/core_pattern NONE nfnetlink_log',
    'sysctl net/netfilter/nf_log/2 |/run/evil nfnetlink_log',
    'sysctl net/netfilter/nf_log/2 $(touch${IFS}/run/canary) nfnetlink_log',
    'sysctl net/netfilter/nf_log/2 NONE;touch${IFS}/run/canary nfnetlink_log',
    'sysctl net/netfilter/nf_log/2 NONE nfnetlink_log; touch /run/canary',
    'sysctl net/netfilter/nf_log/2 NONE *',
    'sysctl net/netfilter/nf_log_all_netns 1 0',
    'rules iptables-legacy;touch${IFS}/run/canary raw',
    'rules /run/evil raw',
    'rules iptables-legacy filter -F',
    'table inet fw',
    'table inet nfwhy-1; flush ruleset',
    'touch /run/canary',
    '`touch /run/canary`',
    'process 1 1; touch /run/canary',
    '',
    `${SYSCTL}\r`,
  ].map((line): [string, string] => [JSON.stringify(line), planted(note([SYSCTL, line]))]),
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are for a shell

describe.skipIf(missing).concurrent(`notes${missing ? `: ${missing}` : ''}`, () => {
  test.for(HOSTILE)('is not believed: %s', async ([, plant], { onTestFinished }) => {
    const place = await open(onTestFinished)
    const { output } = await place.runThere(
      `printf '#!/bin/sh\\ntouch /run/canary\\n' >/run/evil; chmod 755 /run/evil\n${plant}\n:`,
    )
    expect(output).toBe('')
    const before = await snapshot(place)
    const cleaned = await cleanUp(parseVia(place.via))
    expect({ ...cleaned, distrusted: [] }).toEqual(NOTHING)
    expect(cleaned.distrusted).not.toEqual([])
    expect(changes(before, await snapshot(place))).toEqual([])
    expect((await place.runThere('ls -d /canary /run/canary /run/nfwhy/canary 2>/dev/null')).output).toBe('')
    // whoever looks neither runs anything of it nor takes it for a session that was killed
    const { killed } = await survey(parseVia(place.via))
    expect(killed.filter(({ id }) => id !== undefined)).toEqual([])
  })

  test("a rule whose comment looks like ours inside is somebody's", async ({ onTestFinished }) => {
    const place = await open(onTestFinished)
    await place.run(`
iptables-legacy -A INPUT -m comment --comment 'x --comment nfwhy-1 -j TRACE' -j ACCEPT
iptables-legacy -t raw -A OUTPUT -m comment --comment 'x --comment nfwhy-1 ' -j TRACE
iptables-legacy -A INPUT -m comment --comment nfwhy-1 -j ACCEPT
iptables-nft -t raw -A OUTPUT -m comment --comment 'x -m comment --comment nfwhy-1 -j TRACE' -j TRACE`)
    const before = await snapshot(place)
    expect(await cleanUp(parseVia(place.via))).toEqual(NOTHING)
    expect(changes(before, await snapshot(place))).toEqual([])
  })

  describe('true ones', () => {
    const cleaned = async (whenOver: WhenOver, plant: string) => {
      const place = await open(whenOver)
      expect((await place.runThere(plant)).output).toBe('')
      const facts = await survey(parseVia(place.via))
      const result = await cleanUp(parseVia(place.via))
      const { output } = await place.runThere(`cat ${LOGGER}; ls -A /run/nfwhy 2>&1`)
      const [value, ...left] = output.trim().split('\n')
      return { ...result, value, left: left.join(), killed: facts.killed.length }
    }
    const GONE = expect.stringContaining('No such file')

    test('are restored, the newest first', async ({ onTestFinished }) => {
      const plant = `${planted(note(['sysctl net/netfilter/nf_log/2 NONE nf_log_ipv4']))}
sleep 0.05; {${note(['sysctl net/netfilter/nf_log/2 nf_log_ipv4 nfnetlink_log'], { id: 'nfwhy-2' })}; } >/run/nfwhy/nfwhy-2`
      const result = await cleaned(onTestFinished, plant)
      expect(result).toMatchObject({ value: 'NONE', left: GONE, killed: 2, failures: [], stays: [] })
      expect(result.removed).toHaveLength(2)
    })

    test('what somebody has changed since is left, and said', async ({ onTestFinished }) => {
      const result = await cleaned(onTestFinished, planted(note(['sysctl net/netfilter/nf_log/2 NONE nf_log_ipv4'])))
      expect(result).toMatchObject({ value: 'nfnetlink_log', left: GONE, removed: [], failures: [] })
      expect(result.stays).toEqual([expect.stringContaining('somebody has changed it since')])
    })

    /** For as long as the test; killed behind it. */
    const RUNS = (id: string) => `echo 'sleep 20; :' | timeout 10 sh -s ${id} >/dev/null 2>&1 & sleep 0.2`
    const SLEEPS = 'sleep 10 >/dev/null 2>&1 & pid=$!; sleep 0.2; born=$(cut -d" " -f22 /proc/$pid/stat)'

    test('what a trace that lives uses is left, and its note stays', async ({ onTestFinished }) => {
      const result = await cleaned(onTestFinished, `${RUNS('nfwhy-77')}\n${planted(note([SYSCTL]))}`)
      expect(result).toMatchObject({ value: 'nfnetlink_log', left: 'nfwhy-1', removed: [], failures: [] })
      expect(result.stays).toHaveLength(1)
    })

    test.for([
      ['its shells', RUNS('nfwhy-78'), ''],
      ['a process, by its number and the time it began', SLEEPS, '"process $pid $born"'],
    ] as const)('of a session that lives stays: %s', async ([, start, more], { onTestFinished }) => {
      const plant = `${start}\n${planted(note([SYSCTL], { id: 'nfwhy-78', more }), '/run/nfwhy/nfwhy-78')}`
      const result = await cleaned(onTestFinished, plant)
      expect(result).toMatchObject({ value: 'nfnetlink_log', left: 'nfwhy-78', running: ['nfwhy-78'], killed: 0 })
    })

    test('a process of the same number that began at another time is another', async ({ onTestFinished }) => {
      const plant = `${SLEEPS}\n${planted(note([SYSCTL], { more: '"process $pid 99999999999"' }))}`
      expect(await cleaned(onTestFinished, plant)).toMatchObject({ value: 'NONE', left: GONE, killed: 1 })
    })

    test.for([
      ['of another boot', { boot: '00000000-0000-0000-0000-000000000000' }],
      ['of a network namespace that is gone', { netns: 'net:[4026500001]' }],
    ] as const)('%s is void, and removed silently', async ([, where], { onTestFinished }) => {
      const result = await cleaned(onTestFinished, planted(note([SYSCTL], where)))
      expect(result).toMatchObject({ ...NOTHING, value: 'nfnetlink_log', left: GONE, killed: 0 })
    })

    test('of a namespace that had the same number is void', async ({ onTestFinished }) => {
      // a process that is older than all that is in the namespace
      const result = await cleaned(onTestFinished, planted(note(['process 1 1', SYSCTL])))
      expect(result).toMatchObject({ ...NOTHING, value: 'nfnetlink_log', left: GONE, killed: 0 })
    })

    test('of this namespace, which a file keeps and nobody older is in', async ({ onTestFinished }) => {
      const place = await open(onTestFinished)
      const lead = `nsenter -t ${place.pid} -m ip netns exec kept`
      const { output } = await place.runThere(`ip netns add kept; sleep 0.1
ip netns exec kept sh -c ${shellWord(`echo nfnetlink_log >${LOGGER}; ${planted(note(['process 999999 1', SYSCTL]))}`)}`)
      expect(output).toBe('')
      expect((await cleanUp(parseVia(lead))).removed).toEqual([expect.stringContaining('it is NONE again')])
    })

    test('the doctor finds it, and says what restores it', async ({ onTestFinished }) => {
      const place = await open(onTestFinished)
      expect((await place.runThere(planted(note([SYSCTL])))).output).toBe('')
      const { problems } = await diagnose(parseVia(place.via), ANY_PACKET)
      expect(problems.filter(({ code }) => code === 'leftover-note')).toEqual([
        expect.objectContaining({ severity: 'warning', evidence: '/run/nfwhy/nfwhy-1' }),
      ])
    })
  })
})
