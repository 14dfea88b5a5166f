/**
 * Text from elsewhere, such as an order's label, as a person may safely read it: control characters, escape sequences,
 * line breaks, invisible and bidirectional marks are shown as \uXXXX. It leaves JSON what it means.
 */
export function visible(text: string): string {
  return text.replaceAll(unsafe, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** As `visible`, for whole lines of our own: line ends stay. */
export function visibleLines(text: string): string {
  return text
    .split(/(\r?\n)/)
    .map((part, index) => (index % 2 === 0 ? visible(part) : part))
    .join('');
}

/** Control and format characters, line and paragraph separators, and halves of surrogate pairs. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
