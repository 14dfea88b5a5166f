/**
 * Words from this project's past that a stranger would have to learn, and what to write instead. A pattern is tried on
 * each line as it stands, and on the line with its camelCase and snake_case names taken apart.
 */
const bannedWords: readonly (readonly [pattern: RegExp, use: string])[] = [
  [/\b(?:told|tells)\b/i, 'reported, notified, says'],
  [/\b(?:hears?|heard)\b/i, 'receives, is notified'],
  [/\b(?:asks|asked|asking)\b/i, 'requests, requested; calls'],
  [/\bwhoever\b/i, 'the caller, the reader, anyone who'],
  [/\bdoors?\b/i, 'API function, local endpoint'],
  [/\blanes?\b/i, 'priority'],
  [/\bletters?\b/i, 'messages of a dead-letter queue'],
  [/\bletter ?box(?:es)?\b/i, 'dead-letter queue'],
  [/\bhouses?\b/i, 'stack, service'],
  [/\bcredits?\b/i, 'permits'],
  [/\bledgers?\b/i, 'rate limiter'],
  [
    /\b(?:troubles?|relieved?|relieves|patience|is well)\b/i,
    'open circuit breaker, handover requested, acquire timeout',
  ],
  [/\b(?:sighted|sightings?)\b/i, 'observed, observations'],
  [/\b(?:mishaps?|fates?|spells?|weather)\b/i, 'faults, outage, fault schedule'],
  [/\b(?:neighbou?rs|surroundings|worlds?)\b/i, 'test bed, environment'],
  [/\bvaults?\b/i, 'secret store'],
  [/\b(?:judges?|crimes?)\b/i, 'checker, violation'],
  [/\brooms\b/i, 'modules, folders'],
  [/\bnews\b/i, '`WatchDelta`'],
  [/\b(?:(?:person|operator|somebody)(?:['’]s)?|latest) words?\b/i, 'watch command'],
  [/\bwords? of (?:a |the )?(?:person|people|operator)\b/i, 'watch command'],
  [/\bword (?:table|of mouth)\b/i, 'watch command'],
  [/\brecordWord\b/, '`applyWatchCommand`'],
  [/\bEvidence(?:Row)?\b(?! )/, '`Provenance`, `AuditEntry`'],
  [/\bReach\b/, '`Binding`'],
  [/answer/i, 'reply (of the exchange), response (of our API)'],
  [/\bfailureKinds?\b/, '`errorCatalog`, `spec`'],
  [/\b(?:most|longest|shortest|furthest)[A-Z]\w*/, '`max…`, `min…`, the unit last'],
  [/\b(?:wanted_by|held_by|said_by|said_at|ends_at)\b/, '`handover_requested_by`, `owner`, `by`, `at`, `expires_at`'],
  [/\b(?:secret_unfilled|call_rejected|no_credit)\b/, '`secret_empty`, `request_rejected`, `rate_limited_locally`'],
  [/\b(?:slack-short|left-over|desk-blind)\b/, 'retention-headroom-low, backlog, order-monitoring-down'],
  [/\b(?:SlackSeconds|LeftOver)\b/, 'RetentionHeadroomSeconds, Backlog'],
  [
    /\b(?:for (?:it is|they are|there is)|without a word|leaves word|whilst|thereof|nobody (?:could|can) be)\b/i,
    'plain English',
  ],
];

/** Phrases in which a banned word is the right one, and why. */
const rightPhrases: readonly (readonly [phrase: RegExp, reason: string])[] = [
  [/dead[-_ ]?letters?/gi, 'the name of the queue and of what Lambda leaves in it'],
  [/allows letters, digits/g, 'letters of the alphabet'],
];

/** A name as the words it is made of. */
function apart(line: string): string {
  return line.replace(/([a-z\d])(?=[A-Z])/g, '$1 ').replaceAll('_', ' ');
}

/** Where a text has banned words, and what to write instead. */
export function bannedIn(
  text: string,
): readonly { readonly line: number; readonly word: string; readonly use: string }[] {
  const checked = rightPhrases.reduce((left, [phrase]) => left.replace(phrase, ''), text);
  // Nearly all texts have none, and searching a whole text takes a tenth of the time that its lines take.
  const suspects = bannedWords.filter(([pattern]) => pattern.test(checked) || pattern.test(apart(checked)));
  if (suspects.length === 0) return [];
  return checked.split('\n').flatMap((line, index) => {
    return suspects.flatMap(([pattern, use]) => {
      const [word] = pattern.exec(line) ?? pattern.exec(apart(line)) ?? [];
      return word === undefined ? [] : [{ line: index + 1, word, use }];
    });
  });
}
