using System.Text.Json;

namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>
/// Reads questions from JSON lines: <c>{"question": "…", "answer": "…"}</c>, with <c>"accept": ["…"]</c> for further
/// right answers and <c>"category": "…"</c> if wished. Empty lines are skipped.
/// </summary>
public static class QuestionFile
{
    private const char Replacement = '\uFFFD';
    private const string Form = "a line is {\"question\": \"...\", \"answer\": \"...\"}, with \"accept\": [\"...\"] and \"category\": \"...\" if wished";

    /// <summary>Reads the lines of a file.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="questions">The questions in order; empty on failure.</param>
    /// <param name="error">The line and what is wrong with it.</param>
    public static bool TryParse(IEnumerable<string> lines, out IReadOnlyList<EvaluationQuestion> questions, out string? error)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var read = new List<EvaluationQuestion>();
        int number = 0;
        questions = [];
        foreach (string line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (!TryParseLine(line, out EvaluationQuestion? question, out string? problem))
            {
                error = $"line {number}: {problem}; {Form}";
                return false;
            }

            read.Add(question!);
        }

        error = read.Count == 0 ? $"there is no question in it; {Form}" : null;
        questions = read;
        return read.Count > 0;
    }

    private static bool TryParseLine(string line, out EvaluationQuestion? question, out string? problem)
    {
        question = null;
        try
        {
            if (line.Contains(Replacement, StringComparison.Ordinal))
            {
                // A reader puts this where bytes are not text, and nobody asks for it.
                problem = "not UTF-8";
                return false;
            }

            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                problem = "not a JSON object";
                return false;
            }

            string? text = null, answer = null, category = null;
            var accepted = new List<string>();
            foreach (JsonProperty member in root.EnumerateObject())
            {
                bool known = member.Name switch
                {
                    "question" => TryText(member.Value, out text),
                    "answer" => TryText(member.Value, out answer),
                    "category" => TryText(member.Value, out category),
                    "accept" => TryTexts(member.Value, accepted),
                    _ => false,
                };
                if (!known)
                {
                    problem = $"the member \"{member.Name}\" is not known or not of the right kind";
                    return false;
                }
            }

            if (text is null || answer is null)
            {
                problem = text is null ? "\"question\" is missing" : "\"answer\" is missing";
                return false;
            }

            question = new EvaluationQuestion(category ?? "all", text, [answer, .. accepted]);
            problem = null;
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The second is what half a surrogate pair gives.
            problem = "not JSON";
            return false;
        }
    }

    private static bool TryText(JsonElement value, out string? text)
    {
        text = value.ValueKind == JsonValueKind.String ? value.GetString() : value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
        return !string.IsNullOrWhiteSpace(text);
    }

    private static bool TryTexts(JsonElement value, List<string> texts)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (JsonElement item in value.EnumerateArray())
        {
            if (!TryText(item, out string? text))
            {
                return false;
            }

            texts.Add(text!);
        }

        return true;
    }
}
