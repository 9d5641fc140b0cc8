namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Takes digits out of a text, in runs or one by one; what lies between them stays together.</summary>
internal sealed class DigitSplit : SplitStage
{
    private readonly bool _single;
    private readonly bool _all;

    private DigitSplit(bool single, bool all) => (_single, _all) = (single, all);

    /// <summary>tokenizer.json's Digits with individual_digits: each of 0 to 9 alone. Other numeric characters are left to the later stages, as npm <c>@huggingface/tokenizers</c> has it.</summary>
    public static DigitSplit Each { get; } = new(single: true, all: false);

    /// <summary>Digits without individual_digits: runs of 0 to 9.</summary>
    public static DigitSplit Runs { get; } = new(single: false, all: false);

    /// <summary>The pattern \p{N}: every numeric character alone.</summary>
    public static DigitSplit EachNumber { get; } = new(single: true, all: true);

    /// <summary>The pattern \p{N}+.</summary>
    public static DigitSplit NumberRuns { get; } = new(single: false, all: true);

    /// <inheritdoc/>
    public override void Split(ReadOnlySpan<char> text, int offset, WipedList<Piece> pieces)
    {
        int start = 0;
        bool digits = false;
        for (int at = 0; at < text.Length;)
        {
            CharacterClass found = CharacterClasses.At(text, at, out int width);
            bool digit = _all ? (found & CharacterClass.Number) != 0 : char.IsAsciiDigit(text[at]);
            if (at > start && (digit != digits || (digit && _single)))
            {
                pieces.Add(new Piece(offset + start, at - start));
                start = at;
            }

            digits = digit;
            at += width;
        }

        if (start < text.Length)
        {
            pieces.Add(new Piece(offset + start, text.Length - start));
        }
    }
}
