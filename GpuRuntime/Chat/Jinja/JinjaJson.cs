using System.Globalization;
using System.Text;

namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>tojson as chat templates have it: Python's json.dumps with ensure_ascii off unless asked for.</summary>
internal static class JinjaJson
{
    /// <summary>Writes a value. What comes of a message stays a message's.</summary>
    public static JinjaText Write(object? value, int? indent, bool ascii)
    {
        StringBuilder json = new();
        Write(value, json, indent, ascii, 0);
        return JinjaText.Foreign(json.ToString());
    }

    private static void Write(object? value, StringBuilder json, int? indent, bool ascii, int depth)
    {
        switch (value)
        {
            case null:
                json.Append("null");
                break;
            case bool b:
                json.Append(b ? "true" : "false");
                break;
            case long n:
                json.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case JinjaText text:
                Quote(text.ToString(), json, ascii);
                break;
            case List<object?> list:
                Items('[', ']', list, item => Write(item, json, indent, ascii, depth + 1), json, indent, depth);
                break;
            case Dictionary<string, object?> map:
                Items('{', '}', map, entry =>
                {
                    Quote(entry.Key, json, ascii);
                    json.Append(": ");
                    Write(entry.Value, json, indent, ascii, depth + 1);
                }, json, indent, depth);
                break;
            default:
                throw new ChatFormatException($"the template writes {JinjaValues.Kind(value)} as JSON");
        }
    }

    private static void Items<T>(char open, char close, IReadOnlyCollection<T> items, Action<T> write, StringBuilder json, int? indent, int depth)
    {
        json.Append(open);
        bool first = true;
        foreach (T item in items)
        {
            json.Append(first ? "" : indent is null ? ", " : ",");
            Break(json, indent, depth + 1);
            write(item);
            first = false;
        }

        if (!first)
        {
            Break(json, indent, depth);
        }

        json.Append(close);
    }

    private static void Break(StringBuilder json, int? indent, int depth)
    {
        if (indent is int width)
        {
            json.Append('\n').Append(' ', width * depth);
        }
    }

    private static void Quote(string text, StringBuilder json, bool ascii)
    {
        json.Append('"');
        foreach (char c in text)
        {
            json.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                _ when c < ' ' || (ascii && c > '~') => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => c.ToString(),
            });
        }

        json.Append('"');
    }
}
