using Verathos.Host.Cli;

namespace Verathos.Host.Tests.Cli;

/// <summary>Text of others on this person's terminal.</summary>
public sealed class OutputTests
{
    private const string Hostile = "one\u001b[2J\u009b1A\rtwo\u0007\tthree\nfour";
    private const string Harmless = "one\uFFFD[2J\uFFFD1A\uFFFDtwo\uFFFD\tthree\nfour";

    [Fact]
    public void Lines_and_notes_carry_no_control_characters()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Output console = new(output, error, json: false);
        console.Line(Hostile);
        console.Note(Hostile);
        Assert.Equal(Harmless + Environment.NewLine, output.ToString());
        Assert.Equal(Harmless + Environment.NewLine, error.ToString());
    }

    [Fact]
    public void Tables_carry_no_control_characters()
    {
        using StringWriter output = new();
        new Output(output, TextWriter.Null, json: false).Table(["model"], [["tiny\u001b]0;ACCEPTED\u0007"]], "a\u009b2Jtitle");
        Assert.DoesNotContain(output.ToString(), text => char.IsControl(text) && text is not ('\r' or '\n'));
        Assert.Contains("tiny", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, Harmless)]
    [InlineData(false, Hostile)]
    public void An_answer_is_cleaned_for_a_terminal_and_left_as_it_is_for_a_pipe(bool terminal, string expected)
    {
        using StringWriter output = new();
        new Output(output, TextWriter.Null, json: false, terminal).Text(Hostile);
        Assert.Equal(expected, output.ToString());
    }
}
