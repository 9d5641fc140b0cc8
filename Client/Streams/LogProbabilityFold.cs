using System.Buffers;
using System.Text.Json;

namespace Verathos.Client.Streams;

/// <summary>
/// Joins the <c>logprobs</c> objects of a stream's chunks into the one that an answer in one piece carries: arrays are appended
/// to each other member by member, anything else is kept as it came last.
/// </summary>
internal sealed class LogProbabilityFold
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, List<string>> _arrays = [];
    private readonly Dictionary<string, string> _others = [];

    /// <summary>Takes the next chunk's object.</summary>
    public void Add(JsonElement logProbabilities)
    {
        foreach (JsonProperty member in logProbabilities.EnumerateObject())
        {
            if (!_names.Contains(member.Name))
                _names.Add(member.Name);

            if (member.Value.ValueKind != JsonValueKind.Array)
            {
                _others[member.Name] = member.Value.GetRawText();
                continue;
            }

            if (!_arrays.TryGetValue(member.Name, out List<string>? items))
                _arrays[member.Name] = items = [];

            items.AddRange(member.Value.EnumerateArray().Select(item => item.GetRawText()));
        }
    }

    /// <summary>The whole in UTF-8 JSON; null where no chunk had any.</summary>
    public byte[]? ToJson()
    {
        if (_names.Count == 0)
            return null;

        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            foreach (string name in _names)
            {
                json.WritePropertyName(name);
                if (!_arrays.TryGetValue(name, out List<string>? items))
                {
                    json.WriteRawValue(_others[name]);
                    continue;
                }

                json.WriteStartArray();
                foreach (string item in items)
                    json.WriteRawValue(item);

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
