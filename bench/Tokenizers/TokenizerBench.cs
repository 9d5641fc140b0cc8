using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Tokenizers;

/// <summary>Encodes and decodes random texts with every vocabulary, here and in another program, and compares.</summary>
public static class TokenizerBench
{
    private const int Shown = 3;
    private const int TimedTexts = 150;

    /// <summary>Compares everything.</summary>
    /// <exception cref="ReferenceException">A program to compare with is missing or fails.</exception>
    public static async Task<TokenizerReport> RunAsync(TokenizerBenchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-tokenizers-");
        try
        {
            TokenizerCases cases = new(options, folder.FullName);
            List<TokenizerRow> rows = [];
            List<WorstCaseRow> worst = [];
            foreach (TokenizerCase one in cases.All())
            {
                options.Progress?.Invoke($"{one.Name}, beside {one.Peer}");
                Tokenizer tokenizer = one.Open();
                using ReferenceProcess peer = ReferenceProcess.Start(options.Reference, one.Script);
                await peer.AskAsync(new { open = one.Path }, cancellationToken).ConfigureAwait(false);
                rows.Add(await CompareAsync(one, tokenizer, peer, options, cancellationToken).ConfigureAwait(false));
                if (options.WorstCases && one.Script == "tokenizers.mjs")
                {
                    worst.AddRange(WorstCases(one.Name, tokenizer, cancellationToken));
                }
            }

            return new TokenizerReport(options.Seed, rows, worst, cases.Skipped);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// The digest of <see cref="TokenizerRow.PeerDigest"/> over the ids made here, for every vocabulary that is there; without
    /// any other program, so that what one said before can be compared with.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Digests(TokenizerBenchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-tokenizers-");
        try
        {
            Dictionary<string, string> digests = [];
            foreach (TokenizerCase one in new TokenizerCases(options, folder.FullName).All())
            {
                Tokenizer tokenizer = one.Open();
                using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                foreach (string text in Texts(one, options))
                {
                    int[] ids = tokenizer.EncodeWithSpecials(text);
                    Append(hash, tokenizer.AddsBos && !(one.Specials.FirstOrDefault(s => text.StartsWith(s, StringComparison.Ordinal)) is { } first && tokenizer.TryGetSpecial(first, out int id) && id == tokenizer.BosId) ? ids.AsSpan(1) : ids);
                }

                digests[one.Name] = Convert.ToHexStringLower(hash.GetHashAndReset());
            }

            return digests;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Texts(TokenizerCase one, TokenizerBenchOptions options)
    {
        RandomTexts source = new(options.Seed, one.Specials);
        return [.. Enumerable.Range(0, options.Count).Select(_ => source.Next())];
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<int> ids)
    {
        hash.AppendData(MemoryMarshal.AsBytes(ids));
        hash.AppendData([0xff, 0xff, 0xff, 0xff]);
    }

    private static async Task<TokenizerRow> CompareAsync(TokenizerCase one, Tokenizer tokenizer, ReferenceProcess peer, TokenizerBenchOptions options, CancellationToken cancellationToken)
    {
        string[] texts = Texts(one, options);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        HashSet<int> specials = [.. one.Specials.Select(s => tokenizer.TryGetSpecial(s, out int id) ? id : -1)];
        List<TokenizerDifference> differences = [];
        int equalIds = 0, equalText = 0, roundTrips = 0, streams = 0, forged = 0;
        foreach (string text in texts)
        {
            JsonElement answer = await peer.AskAsync(new { text = ReferenceProcess.Encode(text) }, cancellationToken).ConfigureAwait(false);
            int[] expected = [.. answer.GetProperty("ids").EnumerateArray().Select(static e => e.GetInt32())];
            Append(hash, expected);
            int[] ids = WithoutBos(tokenizer, tokenizer.EncodeWithSpecials(text), expected);
            string decoded = tokenizer.Decode(ids);
            int[] plain = tokenizer.Encode(text);
            bool sameIds = ids.AsSpan().SequenceEqual(expected);
            bool sameText = !one.Decodes || (sameIds && decoded == ReferenceProcess.Decode(answer.GetProperty("text").GetString()!));
            bool same = Same(tokenizer, plain, text);
            bool streamed = Stream(tokenizer, ids) == decoded;
            bool free = !plain.Any(specials.Contains);
            equalIds += sameIds ? 1 : 0;
            equalText += sameText ? 1 : 0;
            roundTrips += same ? 1 : 0;
            streams += streamed ? 1 : 0;
            forged += free ? 0 : 1;
            string? what = !sameIds ? "ids" : !sameText ? "decoded text" : !same ? "round trip" : !streamed ? "streamed text" : !free ? "a special token in a message" : null;
            if (what is not null && differences.Count < Shown)
            {
                int at = ids.AsSpan().CommonPrefixLength(expected);
                differences.Add(new TokenizerDifference(what, text, at, [.. ids.Skip(at).Take(8)], [.. expected.Skip(at).Take(8)]));
            }
        }

        (Spread own, Spread other, PairedRatio ratio) = await TimeAsync(tokenizer, peer, texts, options.Pairs, cancellationToken).ConfigureAwait(false);
        return new TokenizerRow(one.Name, one.Peer, texts.Length, equalIds, one.Decodes ? equalText : null, roundTrips, streams, forged, Convert.ToHexStringLower(hash.GetHashAndReset()), differences, own, other, ratio);
    }

    // The other program was asked for no added tokens; a BOS token that stands in the text itself is not doubled here.
    private static int[] WithoutBos(Tokenizer tokenizer, int[] ids, int[] expected) =>
        tokenizer.AddsBos && ids.Length == expected.Length + 1 && ids[0] == tokenizer.BosId ? ids[1..] : ids;

    // Bytes without a token, what normalization changes, and a first space where the vocabulary does not tell it from its own do
    // not come back; what is encoded again must be the same ids.
    private static bool Same(Tokenizer tokenizer, int[] ids, string text)
    {
        string decoded = tokenizer.Decode(ids);
        string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return decoded == wellFormed || tokenizer.Encode(decoded).AsSpan().SequenceEqual(ids) || (text.Length > 0 && text[0] is ' ' or '\u2581' && tokenizer.Encode(' ' + decoded).AsSpan().SequenceEqual(ids));
    }

    private static string? Stream(Tokenizer tokenizer, int[] ids)
    {
        TokenDecoder decoder = tokenizer.CreateDecoder();
        StringBuilder text = new();
        foreach (int id in ids)
        {
            string piece = decoder.Append(id);
            if (piece.Length > 0 && (char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0])))
            {
                return null;
            }

            text.Append(piece);
        }

        return text.Append(decoder.Flush()).ToString();
    }

    private static async Task<(Spread Own, Spread Peer, PairedRatio Ratio)> TimeAsync(Tokenizer tokenizer, ReferenceProcess peer, string[] texts, int pairs, CancellationToken cancellationToken)
    {
        texts = [.. texts.Take(TimedTexts)];
        string[] encoded = [.. texts.Select(ReferenceProcess.Encode)];
        double megabytes = texts.Sum(static t => (double)Encoding.UTF8.GetByteCount(t)) / 1e6;
        List<double> own = [];
        List<double> other = [];
        for (int pair = -1; pair < pairs; pair++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach (string text in texts)
            {
                tokenizer.EncodeWithSpecials(text);
            }

            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            JsonElement answer = await peer.AskAsync(new { time = encoded }, cancellationToken).ConfigureAwait(false);

            // The first pair warms both programs up.
            if (pair >= 0)
            {
                own.Add(megabytes / seconds);
                other.Add(megabytes / answer.GetProperty("seconds").GetDouble());
            }
        }

        return (Spread.Of(own), Spread.Of(other), PairedRatio.Of(own, other));
    }

    private static IEnumerable<WorstCaseRow> WorstCases(string name, Tokenizer tokenizer, CancellationToken cancellationToken)
    {
        foreach ((string what, Func<int, char> letter) in ((string, Func<int, char>)[])[("one letter", static _ => 'a'), ("spaces", static _ => ' '), ("two letters in turn", static i => i % 2 == 0 ? 'a' : 'b'), ("marks", static i => i == 0 ? 'x' : '\u0301')])
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new WorstCaseRow(name, what, Median(tokenizer, letter, 100_000), Median(tokenizer, letter, 400_000));
        }
    }

    private static double Median(Tokenizer tokenizer, Func<int, char> letter, int length)
    {
        string text = string.Create(length, letter, static (span, make) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = make(i);
            }
        });
        return Spread.Of(Enumerable.Range(0, 5).Select(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            tokenizer.Encode(text);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        })).Median;
    }
}
