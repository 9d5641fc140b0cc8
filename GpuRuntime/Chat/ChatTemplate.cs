using System.Diagnostics.CodeAnalysis;
using Verathos.GpuRuntime.Chat.Jinja;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Chat;

/// <summary>
/// A model's chat template, written in Jinja: turns a conversation into the text and the token ids that the model was trained on.
/// What a template uses and this build does not know is an error that names it, never a guess.
/// </summary>
public sealed class ChatTemplate
{
    private const int LeastBudget = 100_000;
    private const int BudgetPerMessage = 10_000;
    private readonly IReadOnlyList<JinjaNode> _body;
    private readonly string? _bos;
    private readonly string? _eos;

    private ChatTemplate(IReadOnlyList<JinjaNode> body, string? bos, string? eos) => (_body, _bos, _eos) = (body, bos, eos);

    /// <summary>Reads a template.</summary>
    /// <param name="text">The chat_template of a tokenizer's configuration.</param>
    /// <param name="bos">bos_token: the name of the token that begins a sequence, where the vocabulary has one.</param>
    /// <param name="eos">eos_token: the name of the token that ends one.</param>
    /// <param name="template">The template, when everything in it is known.</param>
    /// <param name="problem">Otherwise what is not.</param>
    public static bool TryCompile(string text, string? bos, string? eos, [NotNullWhen(true)] out ChatTemplate? template, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            (template, problem) = (new ChatTemplate(JinjaParser.Parse(text), bos, eos), null);
            return true;
        }
        catch (JinjaSyntaxException e)
        {
            (template, problem) = (null, e.Message);
            return false;
        }
    }

    /// <summary>The conversation as text, ending where the assistant's answer begins.</summary>
    /// <exception cref="ChatFormatException">The template has no place for a message.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, ChatOptions? options = null) => string.Concat(Segments(messages, options).Select(static s => s.Text.ToString()));

    /// <summary>
    /// The conversation as token ids. The names of special tokens inside a message stay ordinary text, so that no message can
    /// end its own turn.
    /// </summary>
    /// <exception cref="ChatFormatException">The template has no place for a message.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer, ChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.EncodeSegments(Segments(messages, options));
    }

    /// <summary>The conversation in pieces: the template's own, in one piece between two of messages, and the messages'.</summary>
    /// <exception cref="ChatFormatException">The template has no place for a message.</exception>
    public IReadOnlyList<ChatSegment> Segments(IReadOnlyList<ChatMessage> messages, ChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= ChatOptions.Default;
        if (messages.Count == 0)
        {
            throw new ChatFormatException("a conversation needs at least one message");
        }

        if (messages.Any(static m => m.Role is not ("system" or "user" or "assistant")))
        {
            throw new ChatFormatException("a message's role must be system, user or assistant");
        }

        JinjaText text = JinjaInterpreter.Render(_body, Globals(messages, options), LeastBudget + (messages.Count * BudgetPerMessage));
        List<ChatSegment> segments = [];
        foreach (ChatSegment piece in text.Pieces)
        {
            if (segments.Count > 0 && piece.FromTemplate && segments[^1].FromTemplate)
            {
                segments[^1] = new ChatSegment(string.Concat(segments[^1].Text.Span, piece.Text.Span).AsMemory(), true);
            }
            else
            {
                segments.Add(piece);
            }
        }

        return segments;
    }

    // Tools and documents are none, as where Hugging Face's library renders a template without them.
    private JinjaScope Globals(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        JinjaScope scope = new(null);
        scope.Set("messages", messages.Select(static m => (object?)new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["role"] = JinjaText.Foreign(m.Role),
            ["content"] = JinjaText.Foreign(m.Content),
        }).ToList());
        scope.Set("add_generation_prompt", options.AddGenerationPrompt);
        scope.Set("tools", null);
        scope.Set("documents", null);
        Own("bos_token", _bos);
        Own("eos_token", _eos);
        Own("date_string", options.DateString);
        if (options.EnableThinking is bool thinking)
        {
            scope.Set("enable_thinking", thinking);
        }

        return scope;

        void Own(string name, string? value)
        {
            if (value is not null)
            {
                scope.Set(name, JinjaText.Own(value));
            }
        }
    }
}
