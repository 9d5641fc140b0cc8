using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Evaluation;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class FinalAnswerTests
{
    [Theory]
    [InlineData("Start at 7: one 8, two 9. The answer is 9.", "9")]
    [InlineData("The capital of France is Paris.", "paris")]
    [InlineData("It is not Lyon. The capital of France is Paris!", "paris")]
    [InlineData("Counting: 3, 4, 5.", "3 4 5")]
    [InlineData("Paris.", "paris")]
    [InlineData("The country with the capital Amsterdam is the Netherlands.", "netherlands")]
    [InlineData("The answer is twelve", "12")]
    [InlineData("", "")]
    [InlineData("...", "")]
    public void Reads_the_end_of_the_last_sentence(string reply, string answer) => Assert.Equal(answer, FinalAnswer.Read(reply));

    [Theory]
    [InlineData("The answer is 12.", "13")]
    [InlineData("13 is near. The answer is 12.", "13")]
    [InlineData("The answer is 1.", "12")]
    [InlineData("The answer is 12 or 13.", "13")]
    [InlineData("", "13")]
    public void A_right_word_elsewhere_does_not_count(string reply, string expected) =>
        Assert.False(FinalAnswer.IsRight(reply, [expected]));

    [Fact]
    public void Every_reply_of_the_corpus_reads_as_its_answer_and_as_no_other()
    {
        Assert.All(ClosedWorld.Questions, q => Assert.True(FinalAnswer.IsRight(q.Reply, [q.Answer]), q.Reply));
        Assert.All(
            ClosedWorld.Questions.Where(q => q.Category == Category.Sums),
            q => Assert.False(FinalAnswer.IsRight(q.Reply, [q.Answer + "1"])));
    }

    [Fact]
    public void Any_accepted_answer_counts() => Assert.True(FinalAnswer.IsRight("The colour of ash is gray.", ["grey", "gray"]));
}
