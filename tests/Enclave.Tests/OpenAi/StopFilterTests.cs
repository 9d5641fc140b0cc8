using System.Text;
using CsCheck;
using Verathos.Enclave.OpenAi;

namespace Verathos.Enclave.Tests.OpenAi;

public sealed class StopFilterTests
{
    [Fact]
    public void NoStopLetsEverythingThroughAtOnce()
    {
        using StopFilter filter = new([]);

        Assert.Equal("abc", filter.Push("abc").ToString());
        Assert.Equal("", filter.Finish().ToString());
    }

    [Fact]
    public void WhatCouldBecomeAStopIsHeldBack()
    {
        using StopFilter filter = new(["END"]);

        Assert.Equal("say ", filter.Push("say E").ToString());
        Assert.Equal("", filter.Push("N").ToString());
        Assert.Equal("ENx", filter.Push("x").ToString());
        Assert.Equal("", filter.Push("EN").ToString());
        Assert.Equal("", filter.Push("D and more").ToString());
        Assert.True(filter.Stopped);
        Assert.Equal("", filter.Push("later").ToString());
        Assert.Equal("", filter.Finish().ToString());
    }

    [Fact]
    public void AnOpenEndComesOutWhenTheAnswerIsOver()
    {
        using StopFilter filter = new(["\n\n"]);

        Assert.Equal("line", filter.Push("line\n").ToString());
        Assert.Equal("\n", filter.Finish().ToString());
        Assert.False(filter.Stopped);
    }

    [Fact]
    public void TheCutIsTheSameHoweverTheTextArrives() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 0, 40], Gen.String[Gen.Char["ab"], 1, 4].Array[0, 4], Gen.Int[1, 5])
            .Sample((text, stops, step) =>
            {
                int cut = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
                using StopFilter filter = new(stops);
                StringBuilder sent = new();
                for (int at = 0; at < text.Length; at += step)
                {
                    sent.Append(filter.Push(text.AsSpan(at, Math.Min(step, text.Length - at))));
                }

                sent.Append(filter.Finish());
                // Two stops can match at different ends; the one that completes first wins, as it does for a reader.
                return stops.Length > 1
                    ? text.StartsWith(sent.ToString(), StringComparison.Ordinal) && !stops.Any(stop => sent.ToString().Contains(stop, StringComparison.Ordinal))
                    : sent.ToString() == text[..cut];
            });

    [Fact]
    public void ItsTextIsZeroedAtTheEnd()
    {
        StopFilter filter = new(["zzz"]);
        filter.Push("secret zz");
        char[] backing = filter.Backing;

        filter.Dispose();

        Assert.All(backing, character => Assert.Equal('\0', character));
    }
}
