import { describe, expect, test } from 'vitest'
import { HERE, parseVia, runScript, startScript } from '../../src/live/place.ts'

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
