import { describe, expect, test } from 'vitest'
import { survey } from '../../src/live/survey/facts.ts'
import { HERE, parseVia, runScript, startScript } from '../../src/live/trace-host.ts'
import { farSide } from './lab/far-side.ts'

describe('--via', () => {
  test.each([
    ['ssh root@host', ['ssh', '-T', 'root@host']],
    ['ip netns exec blue', ['ip', 'netns', 'exec', 'blue']],
    ['docker exec web', ['docker', 'exec', '-i', 'web']],
    ['docker exec -i web', ['docker', 'exec', '-i', 'web']],
    ['sudo docker exec web', ['sudo', 'docker', 'exec', '-i', 'web']],
    ['ssh host docker exec web', ['ssh', '-T', 'host', 'docker', 'exec', '-i', 'web']],
    ['kubectl exec -n kube-system POD --', ['kubectl', 'exec', '-i', '-n', 'kube-system', 'POD', '--']],
    ['kubectl exec POD', ['kubectl', 'exec', '-i', 'POD', '--']],
    ["ssh -i 'my key' host", ['ssh', '-T', '-i', 'my key', 'host']],
  ])('%s', (text, prefix) => {
    expect(parseVia(text).prefix).toEqual(prefix)
  })

  test.each(['', 'ssh host; reboot', 'ssh host | tee x', 'ssh $(hostname)', "ssh 'host", 'docker exec -it web', 'ssh'])(
    'refuses %j',
    (text) => {
      expect(() => parseVia(text)).toThrow(/^--via/)
    },
  )
})

test('words of the prefix are never split, and reach no shell', async () => {
  const { stdout } = await runScript({ name: 'env', prefix: ['env', 'WORD=a b; touch $HOME'] }, 'printf %s "$WORD"')
  expect(new TextDecoder().decode(stdout)).toBe('a b; touch $HOME')
})

test('a program that is not there is said so', async () => {
  await expect(runScript(parseVia('no-such-program-here host'), ':')).rejects.toThrow(
    'no-such-program-here host: there is no program no-such-program-here on this machine.',
  )
})

test('what lasts too long is ended', async () => {
  await expect(runScript(HERE, 'exec sleep 100', { seconds: 0.2 })).rejects.toThrow('did not answer within 0.2 s')
})

test.each(['sh', 'bash', 'busybox sh'])('with %s, what comes behind the script is its input', async (shell) => {
  const prefix = shell === 'sh' ? [] : ['env', ...shell.split(' ').slice(0, -1)]
  const running = startScript({ name: shell, prefix }, `echo there; while read -r line; do echo "<$line>"; done`)
  let said = ''
  running.stdout.on('data', (chunk) => {
    if (said === '') running.stdin.write('reboot\n')
    said += String(chunk)
    if (said.includes('<reboot>')) running.stdin.end()
  })
  expect(await running.ended).toBe(0)
  expect(said).toBe('there\n<reboot>\n')
})

test.for([
  ['endless', 'printed more than 1 MB', { bytes: 1e6 }],
  ['endless', 'printed more than 1000 lines', { lines: 1000 }],
  ['endless-line', 'printed more than 1 MB', { bytes: 1e6 }],
  ['hang', 'did not answer within 1 s', { seconds: 1 }],
  ['deaf', 'did not answer within 1 s', { seconds: 1 }],
  ['trickle', 'did not answer within 1 s', { seconds: 1 }],
  ['closes-at-once', 'did not answer within 1 s', { seconds: 1 }],
  ['complains-for-ever', 'did not answer within 2 s', { seconds: 2 }],
] as const)('of %s that lies: it is stopped', async ([mode, words, limits], { onTestFinished }) => {
  const far = farSide(mode, onTestFinished)
  const problem = await runScript(far.place, ':', limits).catch((error) => error)
  expect(problem.message).toBe(`${mode}: ${words}; it was stopped.`)
  if (mode === 'complains-for-ever') {
    expect(problem.hint.split('\n')).toHaveLength(13)
    expect(problem.hint).toMatch(/\n… and \d+ more lines$/)
  }
  expect(far.processes()).toEqual([])
})

test('a machine whose answer was cut is not taken for one that has less', async ({ onTestFinished }) => {
  await expect(survey(farSide('half-an-answer', onTestFinished).place)).rejects.toThrow(
    'the connection broke while nfwhy examined it',
  )
})
