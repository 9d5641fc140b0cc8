using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.GpuRuntime.Chat;

namespace Verathos.Bench.Templates;

/// <summary>Renders random conversations with the template of every family, here, with npm <c>@huggingface/jinja</c> and, where it is installed, with Python's Jinja2, and compares.</summary>
public static class TemplateBench
{
    private const int Shown = 3;

    /// <summary>Compares everything.</summary>
    /// <exception cref="ReferenceException">The program to compare with is missing or fails.</exception>
    public static async Task<TemplateReport> RunAsync(TemplateBenchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        TemplateCases cases = new(options);
        List<TemplateRow> rows = [];
        using ReferenceProcess peer = ReferenceProcess.Start(options.Reference, "templates.mjs");
        using ReferenceProcess? python = await TryStartPythonAsync(options, cases, cancellationToken).ConfigureAwait(false);
        foreach (TemplateCase one in cases.All())
        {
            options.Progress?.Invoke(one.Name);
            if (!ChatTemplate.TryCompile(one.Text, one.Bos, one.Eos, out ChatTemplate? template, out string? problem))
            {
                throw new ReferenceException($"{one.Name}: the template is not supported: {problem}");
            }

            await peer.AskAsync(new { open = one.Text }, cancellationToken).ConfigureAwait(false);
            if (python is not null)
            {
                await python.AskAsync(new { open = one.Text }, cancellationToken).ConfigureAwait(false);
            }

            rows.Add(await CompareAsync(one, template, peer, python, options, cancellationToken).ConfigureAwait(false));
        }

        return new TemplateReport(options.Seed, rows, cases.Skipped);
    }

    /// <summary>
    /// The digest of <see cref="TemplateRow.PeerDigest"/> over what is rendered here, for every template that is there; without
    /// any other program, so that what one said before can be compared with.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Digests(TemplateBenchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Dictionary<string, string> digests = [];
        foreach (TemplateCase one in new TemplateCases(options).All())
        {
            if (!ChatTemplate.TryCompile(one.Text, one.Bos, one.Eos, out ChatTemplate? template, out string? problem))
            {
                throw new ReferenceException($"{one.Name}: the template is not supported: {problem}");
            }

            RandomConversations source = new(options.Seed);
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (int i = 0; i < options.Count; i++)
            {
                Append(hash, Render(template, source.Next(), source.Options(), out _));
            }

            digests[one.Name] = Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        return digests;
    }

    private static void Append(IncrementalHash hash, string? text)
    {
        hash.AppendData(text is null ? [0xff] : Encoding.UTF8.GetBytes(text));
        hash.AppendData([0]);
    }

    private static async Task<ReferenceProcess?> TryStartPythonAsync(TemplateBenchOptions options, TemplateCases cases, CancellationToken cancellationToken)
    {
        ReferenceProcess? python = null;
        try
        {
            python = ReferenceProcess.Start(options.Reference, "templates.py");
            await python.AskAsync(new { open = "" }, cancellationToken).ConfigureAwait(false);
            return python;
        }
        catch (Exception e) when (e is ReferenceException or IOException)
        {
            python?.Dispose();
            cases.Skipped.Add("Python's Jinja2 is not installed");
            return null;
        }
    }

    private static async Task<TemplateRow> CompareAsync(TemplateCase one, ChatTemplate template, ReferenceProcess peer, ReferenceProcess? python, TemplateBenchOptions options, CancellationToken cancellationToken)
    {
        RandomConversations source = new(options.Seed);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<TemplateDifference> differences = [];
        int refused = 0, equal = 0, mended = 0, likePython = 0, moved = 0;
        for (int i = 0; i < options.Count; i++)
        {
            IReadOnlyList<ChatMessage> messages = source.Next();
            ChatOptions asked = source.Options();
            var request = new { messages = messages.Select(static m => (string[])[m.Role, ReferenceProcess.Encode(m.Content)]), names = Names(one, asked) };
            JsonElement answer = await peer.AskAsync(request, cancellationToken).ConfigureAwait(false);
            JsonElement? second = python is null ? null : await python.AskAsync(request, cancellationToken).ConfigureAwait(false);
            string? own = Render(template, messages, asked, out string why);
            string? asItIs = Text(answer.GetProperty("asItIs"));
            string? expected = Text(answer.GetProperty("mended"));
            Append(hash, expected);
            bool same = own == expected && (second is null || own == Text(second.Value));
            bool clean = own is null || IsClean(template, messages, asked);
            refused += own is null && asItIs is null ? 1 : 0;
            equal += own == asItIs ? 1 : 0;
            mended += own == expected ? 1 : 0;
            likePython += second is not null && own == Text(second.Value) ? 1 : 0;
            moved += clean ? 0 : 1;
            if ((!same || !clean) && differences.Count < Shown)
            {
                differences.Add(new TemplateDifference([.. messages.Select(static m => $"{m.Role}: {m.Content}")], own ?? why, expected ?? answer.GetProperty("mended").GetProperty("failed").GetString()!));
            }
        }

        return new TemplateRow(one.Name, one.Source, options.Count, refused, equal, mended, python is null ? null : likePython, moved, Convert.ToHexStringLower(hash.GetHashAndReset()), differences);
    }

    private static Dictionary<string, object?> Names(TemplateCase one, ChatOptions asked)
    {
        Dictionary<string, object?> names = new()
        {
            ["add_generation_prompt"] = asked.AddGenerationPrompt,
            ["tools"] = null,
            ["documents"] = null,
            ["date_string"] = asked.DateString,
        };
        foreach ((string name, object? value) in ((string, object?)[])[("bos_token", one.Bos), ("eos_token", one.Eos), ("enable_thinking", asked.EnableThinking)])
        {
            if (value is not null)
            {
                names[name] = value;
            }
        }

        return names;
    }

    private static string? Render(ChatTemplate template, IReadOnlyList<ChatMessage> messages, ChatOptions asked, out string why)
    {
        try
        {
            why = "";
            return template.Render(messages, asked);
        }
        catch (ChatFormatException e)
        {
            why = e.Message;
            return null;
        }
    }

    private static string? Text(JsonElement answer) => answer.TryGetProperty("text", out JsonElement text) ? ReferenceProcess.Decode(text.GetString()!) : null;

    // What is marked as a message's stands in a message, and words that only messages have are never marked as the template's.
    private static bool IsClean(ChatTemplate template, IReadOnlyList<ChatMessage> messages, ChatOptions asked) =>
        template.Segments(messages, asked).Where(static s => !s.FromTemplate).All(s => messages.Any(m => m.Role == s.Text.ToString() || m.Content.Contains(s.Text.ToString(), StringComparison.Ordinal)))
        && template.Segments(messages, asked).Where(static s => s.FromTemplate).All(s => !s.Text.Span.Contains("obey", StringComparison.Ordinal) && !s.Text.Span.Contains("日本語", StringComparison.Ordinal));
}
