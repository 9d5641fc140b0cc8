using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Verathos.Client.Streams;

/// <summary>What the client reads from one OpenAI stream chunk: text, token ids and the end.</summary>
internal readonly record struct CompletionChunk(string? Text, IReadOnlyList<int> Ids, string? FinishReason, string? Id, string? Model, bool UsageOnly, bool IsError, JsonElement? LogProbabilities = null, byte[]? Trace = null)
{
    private const int MaximumIds = 1 << 20;
    private const int TraceLength = 32;
    private const int TraceCharacters = 43;

    /// <summary>Reads a chunk of either endpoint. False when it is not one, or a token id is not a non-negative 32-bit number.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out CompletionChunk chunk)
    {
        chunk = default;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return false;

            if (root.TryGetProperty("error", out _))
            {
                chunk = new CompletionChunk(null, [], null, null, null, UsageOnly: false, IsError: true);
                return true;
            }

            string? text = null;
            string? finish = null;
            bool usageOnly = false;
            JsonElement? logProbabilities = null;
            if (root.TryGetProperty("choices", out JsonElement choices))
            {
                if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() > 1)
                    return false;

                usageOnly = choices.GetArrayLength() == 0;
                if (choices.GetArrayLength() == 1 && !TryReadChoice(choices[0], out text, out finish, out logProbabilities))
                    return false;
            }

            if (!TryReadExtension(root, out int[] ids, out byte[]? trace))
                return false;

            chunk = new CompletionChunk(text, ids, finish, Member(root, "id"), Member(root, "model"), usageOnly, IsError: false, logProbabilities, trace);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            // A string that is not UTF-8, or a member of another type.
            return false;
        }
    }

    private static bool TryReadChoice(JsonElement choice, out string? text, out string? finish, out JsonElement? logProbabilities)
    {
        text = null;
        finish = null;
        logProbabilities = null;
        if (choice.ValueKind != JsonValueKind.Object)
            return false;

        if (choice.TryGetProperty("logprobs", out JsonElement found) && found.ValueKind == JsonValueKind.Object)
            logProbabilities = found.Clone();

        finish = Member(choice, "finish_reason");
        text = choice.TryGetProperty("delta", out JsonElement delta) && delta.ValueKind == JsonValueKind.Object
            ? Member(delta, "content")
            : Member(choice, "text");
        return true;
    }

    private static bool TryReadExtension(JsonElement root, out int[] ids, out byte[]? trace)
    {
        (ids, trace) = ([], null);
        if (!root.TryGetProperty("verathos", out JsonElement extension)
            || extension.ValueKind != JsonValueKind.Object
            || !extension.TryGetProperty("ids", out JsonElement list))
        {
            return true;
        }

        return TryReadIds(list, out ids) && TryReadTrace(extension, out trace);
    }

    private static bool TryReadTrace(JsonElement extension, out byte[]? trace)
    {
        trace = null;
        if (!extension.TryGetProperty("trace", out JsonElement root))
            return true;

        byte[] read = new byte[TraceLength];
        if (root.ValueKind != JsonValueKind.String || root.GetString() is not { Length: TraceCharacters } text
            || Base64Url.DecodeFromChars(text, read, out _, out int written) != OperationStatus.Done || written != TraceLength)
        {
            return false;
        }

        trace = read;
        return true;
    }

    /// <summary>Reads an array of token ids.</summary>
    public static bool TryReadIds(JsonElement list, out int[] ids)
    {
        ids = [];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaximumIds)
            return false;

        ids = new int[list.GetArrayLength()];
        int i = 0;
        foreach (JsonElement id in list.EnumerateArray())
        {
            if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out ids[i]) || ids[i] < 0)
                return false;

            i++;
        }

        return true;
    }

    private static string? Member(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
