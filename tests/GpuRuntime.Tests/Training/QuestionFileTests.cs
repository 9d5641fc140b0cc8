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
    public void Says_which_line_is_wrong(string line, string start)
    {
        string[] lines = ["""{"question": "a", "answer": "b"}""", line];
        Assert.False(QuestionFile.TryParse(lines, out IReadOnlyList<EvaluationQuestion> questions, out string? error));
        Assert.Empty(questions);
        Assert.StartsWith(start, error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_is_an_error()
    {
        Assert.False(QuestionFile.TryParse(["", " "], out _, out string? error));
        Assert.StartsWith("there is no question", error, StringComparison.Ordinal);
    }
}
