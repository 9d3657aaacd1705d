/** What knows the languages of rules and of listings, which an input of theirs brings. */
import { anyRules, ipsetEdits, loadNft } from '../edits/later.ts'
import { listings } from '../read/host/listings.ts'

/**
 * Fetches what `open` fetches with the inputs that need it: for a World that was made by hand, and for fixes that were found
 * in another thread or another program.
 */
export async function loadLanguages(): Promise<void> {
  await Promise.all([anyRules.load(), loadNft(), ipsetEdits.load(), listings.load()])
}
