/// <reference types="micromark-extension-math" />
import { asciiAlpha, asciiDigit, markdownLineEnding, markdownSpace } from "micromark-util-character";
import type { Code, Construct, Extension, State, TokenizeContext, Tokenizer } from "micromark-util-types";

const DOLLAR = 36;
const BACKTICK = 96;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const UNDERSCORE = 95;
const codeOf = (character: string): number => character.charCodeAt(0);

/** Latin letters only: Chinese and Japanese put formulas between their words without a blank. */
const isWordCode = (code: Code): boolean =>
  code !== null && (asciiAlpha(code) || asciiDigit(code) || code === UNDERSCORE || (code >= 0xc0 && code <= 0x24f));
const isEnd = (code: Code): boolean => code === null || markdownLineEnding(code);
const isBlank = (code: Code): boolean => isEnd(code) || markdownSpace(code);

/** "AAPL," and "HOME/" before "$MSFT" and "$USER": names after dollars; "20k–" before "$x": a price. */
const LIKE_NAMES_OR_PRICES = /^(?:[A-Z_]{1,12}[^A-Za-z0-9_]*|\d.*)$/;

/**
 * One dollar on each side, within a line. It is math when
 * - no letter, digit or dollar stands before the opening dollar,
 * - no blank stands inside of either dollar,
 * - no digit, dollar or brace follows the closing one (prices, `${name}`),
 * - a letter that follows it does not turn both sides into names or prices ("$AAPL,$MSFT", "$HOME/$USER"; "$n$th" is math),
 * - no backtick is inside: code comes before math.
 * Escaped dollars are text, also inside. Code, links and addresses are recognised before these rules apply.
 */
function dollarMath(isStreaming: boolean): Construct {
  const tokenize: Tokenizer = function (effects, ok, nok) {
    const before = this.previous;
    let content = "";
    const open: State = code => {
      if (before === DOLLAR || isWordCode(before)) return nok(code);
      effects.enter("mathText");
      effects.enter("mathTextSequence");
      effects.consume(code);
      effects.exit("mathTextSequence");
      return first;
    };
    const first: State = code => {
      if (isBlank(code) || code === DOLLAR) return nok(code);
      effects.enter("mathTextData");
      return inside(code);
    };
    const inside: State = code => {
      if (isEnd(code) || code === BACKTICK) return nok(code);
      if (code === DOLLAR) return close(code);
      content += code !== null && code > 0 ? String.fromCodePoint(code) : " ";
      effects.consume(code);
      return code === BACKSLASH ? escaped : inside;
    };
    const escaped: State = code => {
      if (isEnd(code) || code === BACKTICK) return nok(code);
      content += String.fromCodePoint(code ?? 0);
      effects.consume(code);
      return inside;
    };
    const close: State = code => {
      if (/\s$/.test(content)) return nok(code);
      effects.exit("mathTextData");
      effects.enter("mathTextSequence");
      effects.consume(code);
      effects.exit("mathTextSequence");
      effects.exit("mathText");
      return after;
    };
    const after: State = code => {
      // While text arrives, the next characters decide: "$5-$" may become "$5-$10".
      if (code === null && isStreaming) return nok(code);
      if (code === DOLLAR || code === OPEN_BRACE || (code !== null && asciiDigit(code))) return nok(code);
      return isWordCode(code) && LIKE_NAMES_OR_PRICES.test(content) ? nok(code) : ok(code);
    };
    return open;
  };
  return { name: "dollarMath", tokenize };
}

/** `\(a\)` and, within a line of text, `\[a\]`: they end at the first closing mark; without one they are text. */
const bracketMath: Construct = {
  name: "bracketMath",
  tokenize(effects, ok, nok) {
    let closing = 0;
    const open: State = code => {
      effects.enter("mathText");
      effects.enter("mathTextSequence");
      effects.consume(code);
      return bracket;
    };
    const bracket: State = code => {
      if (code !== codeOf("(") && code !== codeOf("[")) return nok(code);
      closing = code === codeOf("(") ? codeOf(")") : codeOf("]");
      effects.consume(code);
      effects.exit("mathTextSequence");
      return between;
    };
    const between: State = code => {
      if (code === null) return nok(code);
      if (markdownLineEnding(code)) {
        effects.enter("lineEnding");
        effects.consume(code);
        effects.exit("lineEnding");
        return between;
      }
      if (code === BACKSLASH) return effects.attempt(closingMark(closing), ok, data)(code);
      return data(code);
    };
    const data: State = code => {
      effects.enter("mathTextData");
      effects.consume(code);
      return code === BACKSLASH ? escaped : inData;
    };
    /** `\\]` is a line break of TeX and a bracket. */
    const escaped: State = code => {
      if (isEnd(code)) return inData(code);
      effects.consume(code);
      return inData;
    };
    const inData: State = code => {
      if (code === null || markdownLineEnding(code) || code === BACKSLASH) {
        effects.exit("mathTextData");
        return between(code);
      }
      effects.consume(code);
      return inData;
    };
    return open;
  },
};

const closingMark = (closing: number): Construct => ({
  partial: true,
  tokenize(effects, ok, nok) {
    return code => {
      effects.enter("mathTextSequence");
      effects.consume(code);
      return next => {
        if (next !== closing) return nok(next);
        effects.consume(next);
        effects.exit("mathTextSequence");
        effects.exit("mathText");
        return ok;
      };
    };
  },
});

interface DisplayMarks {
  readonly open: readonly [number, number];
  readonly close: readonly [number, number];
  /** Whether it may end on a later line than it began on. */
  readonly isLong: boolean;
}

const nextLine: Construct = {
  partial: true,
  tokenize(this: TokenizeContext, effects, ok, nok) {
    return code => {
      effects.enter("lineEnding");
      effects.consume(code);
      effects.exit("lineEnding");
      return next => (this.parser.lazy[this.now().line] ? nok(next) : ok(next));
    };
  },
};

/** A formula on lines of its own, also inside a list or a quote: `$$a$$` on one line, `\[` to `\]` on several. */
function displayMath({ open, close, isLong }: DisplayMarks): Construct {
  const closing: Construct = {
    partial: true,
    tokenize(effects, ok, nok) {
      const start: State = code => {
        effects.enter("mathFlowFence");
        effects.enter("mathFlowFenceSequence");
        effects.consume(code);
        return second;
      };
      const second: State = code => {
        if (code !== close[1]) return nok(code);
        effects.consume(code);
        effects.exit("mathFlowFenceSequence");
        effects.exit("mathFlowFence");
        return ok;
      };
      return start;
    },
  };
  return {
    name: "displayMath",
    concrete: true,
    tokenize(effects, ok, nok) {
      let hasContent = false;
      const start: State = code => {
        effects.enter("mathFlow");
        effects.enter("mathFlowFence");
        effects.enter("mathFlowFenceSequence");
        effects.consume(code);
        return second;
      };
      const second: State = code => {
        if (code !== open[1]) return nok(code);
        effects.consume(code);
        effects.exit("mathFlowFenceSequence");
        effects.exit("mathFlowFence");
        return between;
      };
      const between: State = code => {
        if (code === null) return nok(code);
        if (markdownLineEnding(code)) return isLong ? effects.attempt(nextLine, between, nok)(code) : nok(code);
        if (code === close[0] && hasContent) return effects.attempt(closing, trailing, value)(code);
        return value(code);
      };
      const value: State = code => {
        effects.enter("mathFlowValue");
        return consumed(code);
      };
      const consumed: State = code => {
        hasContent ||= !isBlank(code);
        effects.consume(code);
        return code === BACKSLASH ? escaped : inValue;
      };
      const escaped: State = code => (isEnd(code) ? inValue(code) : consumedEscaped(code));
      const consumedEscaped: State = code => {
        effects.consume(code);
        return inValue;
      };
      const inValue: State = code => {
        if (code === null || markdownLineEnding(code) || code === close[0]) {
          effects.exit("mathFlowValue");
          return between(code);
        }
        return code === BACKSLASH ? consumed(code) : consumedPlain(code);
      };
      const consumedPlain: State = code => {
        hasContent ||= !isBlank(code);
        effects.consume(code);
        return inValue;
      };
      /** There is text after the closing mark, so it is a formula within a line. */
      const trailing: State = code => {
        if (isEnd(code)) return done(code);
        if (!markdownSpace(code)) return nok(code);
        effects.enter("whitespace");
        return blank(code);
      };
      const blank: State = code => {
        if (markdownSpace(code)) {
          effects.consume(code);
          return blank;
        }
        effects.exit("whitespace");
        return isEnd(code) ? done(code) : nok(code);
      };
      const done: State = code => {
        effects.exit("mathFlow");
        return ok(code);
      };
      return start;
    },
  };
}

/**
 * Math as models write it, in addition to the dollar pairs that the parser knows: `$a$`, `\(a\)`, `\[a\]`, and `$$a$$` on its own line. It is
 * part of the parser, so code, links and addresses are recognised before any dollar, and none of their characters change.
 *
 * @param isStreaming while text arrives, a dollar at its very end does not close anything yet
 */
export function texMathSyntax(isStreaming: boolean): Extension {
  const slash = codeOf("\\");
  return {
    flow: {
      [DOLLAR]: displayMath({ open: [DOLLAR, DOLLAR], close: [DOLLAR, DOLLAR], isLong: false }),
      [slash]: displayMath({ open: [slash, codeOf("[")], close: [slash, codeOf("]")], isLong: true }),
    },
    text: { [DOLLAR]: dollarMath(isStreaming), [slash]: bracketMath },
  };
}
