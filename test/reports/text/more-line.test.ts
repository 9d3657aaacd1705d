/** What --full would add, in the one line that a block has for it. */
import { expect, test } from 'vitest'
import { UNICODE } from '../../../src/reports/marks.ts'
import { moreLine } from '../../../src/reports/text/block.ts'

test('tells as much as the line has room for, each part whole', () => {
  const parts = ['firewalld undoes it', 'the undo', 'more of the cause', '14 steps', '1 other fix']
  const line = (room: number) => moreLine({ room, marks: UNICODE }, parts)
  expect(line(80)).toBe('--full: firewalld undoes it, the undo, more of the cause, 14 steps, 1 other fix')
  expect(line(71)).toBe('--full: firewalld undoes it, the undo, more of the cause, 14 steps, …')
  expect(line(30)).toBe('--full: firewalld undoes it, …')
  expect(line(12)).toBe('--full: fir…')
})
