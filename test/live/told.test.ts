/** What a person is told on standard error besides the packets stands in the closing document, too. */
import { describe, expect, test } from 'vitest'
import { TestPlace, whyNoPlace } from './lab/place.ts'

const missing = whyNoPlace()

/** The `warnings` of either form. */
const warningsOf = (form: string, stdout: string): { input: string; code: string; message: string }[] =>
  form === '--json' ? JSON.parse(stdout).warnings : JSON.parse(stdout.trim().split('\n').at(-1)!).summary.warnings

describe.skipIf(missing)(`told in the end${missing ? `: ${missing}` : ''}`, () => {
  describe.concurrent('how the command of --exec ended', () => {
    test.for([
      ['--ndjson', "sh -c 'exit 7'", /exit 7.* failed with exit status 7$/],
      ['--json', "sh -c 'kill -9 $$'", /was ended by SIGKILL$/],
    ] as const)('%s: %s', async ([form, command, how], { onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished)
      const { code, stdout, stderr } = await place.trace([form, '--exec', command]).ended
      expect(code, stderr).toBe(0)
      expect(warningsOf(form, stdout)).toContainEqual({
        input: '--exec',
        code: 'command-failed',
        message: expect.stringMatching(how),
      })
      expect(stderr).toMatch(/--exec.*\n?.*(exit status 7|SIGKILL)/)
    })

    test.for([
      ['it went well', ['--exec', 'true']],
      ['it was ended by us', ['--exec', 'sleep 60', '--for', '100ms']],
    ] as const)('not, where %s', async ([, args], { onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished)
      const { code, stdout, stderr } = await place.trace(['--json', ...args]).ended
      expect(code, stderr).toBe(0)
      expect(warningsOf('--json', stdout).map((warning) => warning.code)).not.toContain('command-failed')
      expect(stderr).not.toMatch(/exit status|was ended by/)
    })
  })

  describe.concurrent('what a person should know besides', () => {
    const LEGACY = 'iptables-legacy -A INPUT -p udp --dport 9 -j DROP'
    const BOTH = `${LEGACY}; nft add table ip t; nft 'add chain ip t c { type filter hook input priority 5; }'`
    test.for([
      ['--ndjson', 'both-backends', BOTH, []],
      ['--json', 'no-rules', '', []],
      ['--json', 'raw-table-stays', LEGACY, ['nft']],
    ] as const)('%s: %s', async ([form, code, setup, without], { onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished, { setup, without })
      const run = place.trace([form, '--for', '100ms'])
      const { stdout, stderr } = await run.ended
      const found = warningsOf(form, stdout).filter((warning) => warning.code === code)
      expect(found, stderr).toEqual([{ input: place.via, code, message: expect.anything() }])
      // as before, and once
      expect(stderr.split(found[0]!.message)).toHaveLength(2)
    })
  })
})
