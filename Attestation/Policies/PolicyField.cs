namespace Verathos.Attestation.Policies;

/// <summary>One line of a policy: a requirement, or the written decision to do without it.</summary>
/// <typeparam name="T">The requirement's value.</typeparam>
public sealed record PolicyField<T>
    where T : notnull
{
    private readonly T? _value;

    private PolicyField(string line, T? value, string? waiver)
    {
        Line = line;
        _value = value;
        Waiver = waiver;
    }

    /// <summary>The field's path in the policy, such as <c>tdx.mrtd</c>.</summary>
    public string Line { get; }

    /// <summary>Why the field is waived; null where it is required.</summary>
    public string? Waiver { get; }

    /// <summary>True where the policy leaves this out.</summary>
    public bool IsWaived => Waiver is not null;

    /// <summary>The requirement.</summary>
    /// <exception cref="InvalidOperationException">The field is waived.</exception>
    public T Value => IsWaived ? throw new InvalidOperationException($"{Line} is waived") : _value!;

    internal static PolicyField<T> Required(string line, T value) => new(line, value, null);

    internal static PolicyField<T> Waived(string line, string reason) => new(line, default, reason);
}
