using System.Security.Cryptography;
using System.Text;
using Verathos.Client.Requests;

namespace Verathos.Validator.Canaries;

/// <summary>
/// An endless pool written by a generator of this repository: tasks of many kinds, lengths, spellings and languages. It stands in
/// where no file of real prompts is given; real traffic that is unlike it tells canaries from itself, so give the file where there is one.
/// </summary>
public sealed class GeneratedCorpus : ICanaryCorpus, IDisposable
{
    private readonly byte[] _secret;
    private readonly CorpusShape _shape;

    /// <summary>A pool.</summary>
    /// <param name="secret">32 secret bytes; copied.</param>
    /// <param name="shape">What a conversation may measure.</param>
    public GeneratedCorpus(ReadOnlySpan<byte> secret, CorpusShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        _secret = secret.ToArray();
        _shape = shape;
    }

    /// <inheritdoc/>
    public long? Count => null;

    /// <inheritdoc/>
    public ArrivalProfile Arrivals { get; init; } = ArrivalProfile.Default;

    /// <inheritdoc/>
    public Conversation Get(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        using CanaryRandom random = new(_secret, "verathos.canary-corpus.v1"u8, number);
        InferenceKind kind = random.Percent(9) ? InferenceKind.Completion : InferenceKind.Chat;
        int turns = kind == InferenceKind.Completion ? 1 : Turns(random);

        // Prompts are mostly short, and now and then as long as a page: what is pasted in.
        int length = (int)Math.Min(_shape.MaxPromptBytes, random.LogNormal(Math.Min(110, _shape.MaxPromptBytes / 3), 0.9));
        PromptWriter writer = new(random);
        string? system = kind == InferenceKind.Chat && random.Percent(32) ? writer.System() : null;
        List<string> said = [kind == InferenceKind.Chat ? writer.Task(length) : writer.Beginning(length)];
        while (said.Count < turns)
        {
            said.Add(writer.FollowUp());
        }

        // What does not fit is left out: first later turns, then the system message, then the end of the question.
        while (said.Count > 1 && Bytes(system, said) > _shape.MaxPromptBytes)
        {
            said.RemoveAt(said.Count - 1);
        }

        if (Bytes(system, said) > _shape.MaxPromptBytes)
        {
            system = null;
            said[0] = Cut(said[0], _shape.MaxPromptBytes);
        }

        return new Conversation(kind, BodyWriter.Write(random, _shape, kind, said.Count), system, said, writer.IsOpenEnded);
    }

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);

    private int Turns(CanaryRandom random)
    {
        int turns = 1;
        while (turns < _shape.MaxTurns && random.Percent(28))
        {
            turns++;
        }

        return turns;
    }

    private static int Bytes(string? system, List<string> said) => Encoding.UTF8.GetByteCount(system ?? "") + said.Sum(Encoding.UTF8.GetByteCount);

    private static string Cut(string text, int bytes)
    {
        int end = text.Length;
        while (Encoding.UTF8.GetByteCount(text.AsSpan(0, end)) > bytes || (end > 0 && char.IsHighSurrogate(text[end - 1])))
        {
            end--;
        }

        return text[..end];
    }
}
