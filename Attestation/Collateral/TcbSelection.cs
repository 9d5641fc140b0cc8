using System.Globalization;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// Which of the TCB evaluations that Intel publishes side by side is meant (PCS API v4, parameters <c>update</c> and
/// <c>tcbEvaluationDataNumber</c>): on a day after a recovery event, <c>early</c> is already the new one and <c>standard</c> still
/// the old.
/// </summary>
public sealed record TcbSelection
{
    private const int HighestNumber = ushort.MaxValue;

    private TcbSelection(string channel, string query, int? number = null) => (Channel, Query, Number) = (channel, query, number);

    /// <summary>What the service gives where nothing is asked: the standard evaluation.</summary>
    public static TcbSelection Default { get; } = new("standard", "");

    /// <summary>The evaluation that takes effect after the usual time.</summary>
    public static TcbSelection Standard { get; } = new("standard", "update=standard");

    /// <summary>The newest evaluation.</summary>
    public static TcbSelection Early { get; } = new("early", "update=early");

    /// <summary>
    /// The line of evaluations to which a document belongs: <c>standard</c>, <c>early</c>, or a number. The highest number seen is
    /// kept for each line by itself, since they differ at one and the same time.
    /// </summary>
    public string Channel { get; }

    /// <summary>The one evaluation that is accepted; null where any is.</summary>
    public int? Number { get; }

    /// <summary>The parameter of the request, without a separator; empty for the default.</summary>
    internal string Query { get; }

    /// <summary>Exactly one evaluation, by its number.</summary>
    public static TcbSelection Of(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, HighestNumber);
        string text = number.ToString(CultureInfo.InvariantCulture);
        return new TcbSelection(text, "tcbEvaluationDataNumber=" + text, number);
    }

    /// <summary>Reads <c>standard</c>, <c>early</c> or a number.</summary>
    public static bool TryParse(string text, out TcbSelection? selection)
    {
        selection = text switch
        {
            "standard" => Standard,
            "early" => Early,
            _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= HighestNumber => Of(number),
            _ => null,
        };
        return selection is not null;
    }
}
