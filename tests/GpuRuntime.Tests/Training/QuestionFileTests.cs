using Verathos.GpuRuntime.Training.Evaluation;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class QuestionFileTests
{
    [Fact]
    public void Reads_questions_with_all_members()
    {
        string[] lines =
        [
            """{"question": "What is 7 + 5?", "answer": 12}""", "",
            """{"question": "Colour of ash?", "answer": "grey", "accept": ["gray"], "category": "colours"}""",
        ];
        Assert.True(QuestionFile.TryParse(lines, out IReadOnlyList<EvaluationQuestion> questions, out string? error));
        Assert.Null(error);
        Assert.Equal(("all", "What is 7 + 5?", "12"), (questions[0].Category, questions[0].Question, Assert.Single(questions[0].Answers)));
        Assert.Equal(["grey", "gray"], questions[1].Answers);
        Assert.Equal("colours", questions[1].Category);
    }

    [Theory]
    [InlineData("no JSON", "line 2: not JSON")]
    [InlineData("[1]", "line 2: not a JSON object")]
    [InlineData("""{"question": "x"}""", "line 2: \"answer\" is missing")]
    [InlineData("""{"answer": "x"}""", "line 2: \"question\" is missing")]
    [InlineData("""{"question": "", "answer": "x"}""", "line 2: the member \"question\"")]
    [InlineData("""{"question": "x", "answer": null}""", "line 2: the member \"answer\"")]
    [InlineData("""{"question": "x", "answer": "y", "accept": "z"}""", "line 2: the member \"accept\"")]
    [InlineData("""{"question": "x", "answer": "y", "extra": 1}""", "line 2: the member \"extra\"")]
    [InlineData("""{"question": "x", "question": "y", "answer": "z"}""", "line 2: not JSON")]
    [InlineData("""{"question": "\ud800", "answer": "z"}""", "line 2: not JSON")]
    [InlineData("""{"question": "caf\u00e9, cut: \uFFFD", "answer": "�"}""", "line 2: not UTF-8")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "line 2: not JSON")]
    public void Says_which_line_is_wrong(string line, string start)
    {
        string[] lines = ["""{"question": "a", "answer": "b"}""", line];
        Assert.False(QuestionFile.TryParse(lines, out IReadOnlyList<EvaluationQuestion> questions, out string? error));
        Assert.Empty(questions);
        Assert.StartsWith(start, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("with a byte order mark", "\uFEFF{\"question\": \"a\", \"answer\": \"b\"}\n")]
    [InlineData("with Windows line ends", "{\"question\": \"a\", \"answer\": \"b\"}\r\n\r\n")]
    [InlineData("with old Macintosh line ends", "{\"question\": \"a\", \"answer\": \"b\"}\r")]
    [InlineData("without an end to its last line", "{\"question\": \"a\", \"answer\": \"b\"}")]
    public void Reads_files_however_they_were_saved(string name, string content)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, content);
            Assert.True(QuestionFile.TryParse(File.ReadLines(path), out IReadOnlyList<EvaluationQuestion> questions, out string? error), $"{name}: {error}");
            Assert.Equal("a", Assert.Single(questions).Question);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named_by_their_line()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [.. "{\"question\": \"a\", \"answer\": \"b\"}\n{\"question\": \""u8, 0xff, 0xfe, .. "\", \"answer\": \"b\"}\n"u8]);
            Assert.False(QuestionFile.TryParse(File.ReadLines(path), out _, out string? error));
            Assert.StartsWith("line 2: not UTF-8", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void An_empty_file_is_an_error()
    {
        Assert.False(QuestionFile.TryParse(["", " "], out _, out string? error));
        Assert.StartsWith("there is no question", error, StringComparison.Ordinal);
    }
}
