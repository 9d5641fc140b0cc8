using CsCheck;
using Verathos.GpuRuntime.Chat;

namespace Verathos.GpuRuntime.Tests.Chat;

/// <summary>The language that templates are written in; what is expected was given by Python's Jinja2 3.1.6 with trim_blocks and lstrip_blocks.</summary>
public class JinjaTests
{
    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")]
    [InlineData("a  {%- if true -%}  b  {%- endif -%}  c", "abc")]
    [InlineData("  {%+ if true %}\nb{% endif +%}\nc", "  b\nc")]
    [InlineData("x {{- 'a' -}} \n y", "xay")]
    [InlineData("{{ 'a' }}\nb", "a\nb")]
    [InlineData("  {{ 'a' }}", "  a")]
    [InlineData("  {# note #}\nb", "b")]
    [InlineData("a {#- note -#} b", "ab")]
    [InlineData("a\r\nb", "a\nb")]
    [InlineData("{% generation %}x{% endgeneration %}", "x")]
    public void WhiteSpaceIsThatOfChatTemplates(string template, string expected) => Assert.Equal(expected, ChatTemplateTests.Render(template, ("user", "x")));

    [Theory]
    [InlineData("'a' + 'b' ~ 1", "ab1")]
    [InlineData("'a' 'b'", "ab")]
    [InlineData("\"\\\"\\n\\u0041\\x42\"", "\"\nAB")]
    [InlineData("' a ' | trim + ' b '", "a b ")]
    [InlineData("'\\n a\\n'.lstrip('\\n').rstrip('\\n')", " a")]
    [InlineData("'\\x1c\\x85 a\\xa0'.strip()", "a")]
    [InlineData("'\\ufeffa'.strip()", "\ufeffa")]
    [InlineData("'a,b,c'.split(',')[-1]", "c")]
    [InlineData("'a,b,c'.split(',', 1)[1]", "b,c")]
    [InlineData("'abc'[1:]", "bc")]
    [InlineData("'a😀c'[1]", "😀")]
    [InlineData("'a😀c' | length", "3")]
    [InlineData("[1,2,3][::-1] | join(',')", "3,2,1")]
    [InlineData("[1,2,3][-2:] | first", "2")]
    [InlineData("[1,2,3,4][3:0:-2] | join", "42")]
    [InlineData("7 % 3 + 7 // 2 - 1", "3")]
    [InlineData("-7 % 3", "2")]
    [InlineData("-7 // 2", "-4")]
    [InlineData("1 if false else 2 if true else 3", "2")]
    [InlineData("'x' if false", "")]
    [InlineData("nothing", "")]
    [InlineData("nothing is defined", "False")]
    [InlineData("nothing is not defined and 'a' is string", "True")]
    [InlineData("not 'a' in 'abc'", "False")]
    [InlineData("'d' not in 'abc'", "True")]
    [InlineData("1 == true", "True")]
    [InlineData("(1 == 2) != (2 % 2 == 0)", "True")]
    [InlineData("'' or 'b' and 'c'", "c")]
    [InlineData("{'a': {'b': 'c'}}.a['b']", "c")]
    [InlineData("{'a': 1, 'b': [true, none, 'ü\\n\"']} | tojson", "{\"a\": 1, \"b\": [true, null, \"ü\\n\\\"\"]}")]
    [InlineData("{'a': [1], 'b': []} | tojson(indent=2)", "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}")]
    [InlineData("'a-b-a'.replace('a', 'c')", "c-b-c")]
    [InlineData("'abc'.startswith('ab') and 'abc'.endswith('bc')", "True")]
    [InlineData("nothing | default('d')", "d")]
    [InlineData("'' | default('d', true)", "d")]
    [InlineData("tools is none", "True")]
    [InlineData("bos_token + eos_token", "<s></s>")]
    public void ExpressionsHaveTheirValues(string expression, string expected) => Assert.Equal(expected, ChatTemplateTests.Render("{{ " + expression + " }}", ("user", "x")));

    [Theory]
    [InlineData("{% set x = 1 %}{% for i in range(3) %}{% set x = i %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% for i in range(2) %}{{ x is defined }}{% set x = i %}{% endfor %}", "FalseFalse")]
    [InlineData("{% set ns = namespace(x=0) %}{% for i in range(4) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "6")]
    [InlineData("{% for i in range(5) if i % 2 == 0 %}{{ loop.index }}:{{ i }}{{ ',' if not loop.last }}{% else %}none{% endfor %}", "1:0,2:2,3:4")]
    [InlineData("{% for i in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "02")]
    [InlineData("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1")]
    [InlineData("{% if false %}a{% elif true %}b{% else %}c{% endif %}", "b")]
    [InlineData("{% set x %}a{{ 'b' }}{% endset %}{{ x | length }}", "2")]
    public void StatementsDoWhatTheyDo(string template, string expected) => Assert.Equal(expected, ChatTemplateTests.Render(template, ("user", "x")));

    [Theory]
    [InlineData("{% macro f() %}{% endmacro %}", "the statement macro")]
    [InlineData("{% include 'x' %}", "the statement include")]
    [InlineData("{% break %}", "the statement break")]
    [InlineData("{{ 'a' | upper }}", "the filter upper")]
    [InlineData("{{ 'a'.encode() }}", "the method encode")]
    [InlineData("{{ 'a'.split() }}", "the method split")]
    [InlineData("{{ 1 is divisibleby(2) }}", "the test divisibleby")]
    [InlineData("{{ lipsum() }}", "the function lipsum")]
    [InlineData("{{ 1.5 }}", "a fraction")]
    [InlineData("{{ 2 ** 3 }}", "the operator **")]
    [InlineData("{{ 1 < 2 < 3 }}", "chained comparisons")]
    [InlineData("{{ 'a\\q' }}", "the escape \\q")]
    [InlineData("{{ 'a }}", "a text is not closed")]
    [InlineData("{{ 1", "not closed by }}")]
    [InlineData("{# x", "a comment is not closed")]
    [InlineData("{% if true %}", "the end stands where")]
    [InlineData("{% endif %}", "the statement endif")]
    [InlineData("{{ $x }}", "the character $")]
    [InlineData("{{ 99999999999 }}", "the number 99999999999")]
    [InlineData("{{ 1, 2 }}", "tuples")]
    [InlineData("{{ [1 2] }}", "2 stands where")]
    [InlineData("{{ a()() }}", "the function a")]
    [InlineData("\n\n{{ | }}", "line 3")]
    public void WhatIsNotKnownIsNamedBeforeAnyRendering(string template, string named)
    {
        Assert.False(ChatTemplate.TryCompile(template, null, null, out _, out string? problem));
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ 'a' + 1 }}", "applies + to a text and a number")]
    [InlineData("{{ nothing.x }}", "the member x of an undefined value")]
    [InlineData("{{ none }}", "prints none")]
    [InlineData("{{ messages }}", "prints a list")]
    [InlineData("{{ strftime_now('%d') }}", "strftime_now")]
    [InlineData("{{ 1 // 0 }}", "divides by nothing")]
    [InlineData("{% for i in 1 %}{% endfor %}", "loops over a number")]
    [InlineData("{{ range(100000) }}", "counts too far")]
    [InlineData("{% set messages.x = 1 %}", "no namespace")]
    [InlineData("{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{{ a }}{% endfor %}", "too long")]
    [InlineData("{{ 'a'.split('') }}", "an empty text")]
    [InlineData("{{ [1][::0] }}", "steps of nothing")]
    [InlineData("{{ 'abc'[::-1] }}", "slices a text in steps")]
    public void WhatFailsWhileRenderingIsAnErrorOfTheConversation(string template, string named) => Assert.Contains(
        named,
        Assert.Throws<ChatFormatException>(() => ChatTemplateTests.Render(template, ("user", "x"))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("a", ".b")]
    [InlineData("a", "['b']")]
    [InlineData("a", "|trim")]
    [InlineData("1", "+1")]
    [InlineData("a", " or a")]
    [InlineData("a", " if a")]
    [InlineData("a", " is defined")]
    public void LongChainsAreRefused(string first, string next)
    {
        Assert.False(ChatTemplate.TryCompile("{{ " + first + string.Concat(Enumerable.Repeat(next, 20_000)) + " }}", null, null, out _, out string? problem));
        Assert.Contains("an expression is too long", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void NoTemplateDoesAnythingButRenderOrFailByName()
    {
        string[] parts = ["{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{#", "#}", "if ", "else", "endif", "elif ", "for ", "m in messages", "endfor", "set ", "x", " = ", "endset", "messages", "[0]", ".content", "['role']", "[1:", "]", "[::-1]", "(", ")", "{", "}", ", ", ":", " | ", "trim", "tojson", "length", "join", "first", "'a'", "\"", "1", "-", " + ", " ~ ", " % ", "//", " == ", " in ", " not ", " and ", " or ", " is ", "defined", "none", ".split('a')", ".strip()", ".items()", "loop.index", "range(3)", "namespace(x=1)", "raise_exception('no')", "\n", " "];
        Gen.Int[0, parts.Length - 1].Array[0, 24].Sample(chosen =>
        {
            string template = string.Concat(chosen.Select(i => parts[i]));
            if (ChatTemplate.TryCompile(template, "<s>", null, out ChatTemplate? compiled, out string? problem))
            {
                try
                {
                    compiled.Render([new("user", "a b")]);
                }
                catch (ChatFormatException)
                {
                }
            }
            else
            {
                Assert.Contains("line", problem, StringComparison.Ordinal);
            }
        }, iter: 20_000);
    }

    [Theory]
    [InlineData('(')]
    [InlineData('[')]
    [InlineData('-')]
    public void DeepNestingIsRefused(char bracket)
    {
        Assert.False(ChatTemplate.TryCompile("{{ " + new string(bracket, 100_000) + " }}", null, null, out _, out string? problem));
        Assert.Contains("nested too deeply", problem, StringComparison.Ordinal);
    }
}
