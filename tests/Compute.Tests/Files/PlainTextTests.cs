using CsCheck;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Tests.Files;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("layers.0.attn.q@master", "layers.0.attn.q@master")]
    [InlineData("Größe 漢字 🙂", "Größe 漢字 🙂")]
    [InlineData("a\e]0;title\ab", "a\\u001b]0;title\\u0007b")]
    [InlineData("one\ntwo\tthree\r", "one\\u000atwo\\u0009three\\u000d")]
    [InlineData("\u009b31m\u007f", "\\u009b31m\\u007f")]
    [InlineData("\u202Egpj.exe", "\\u202egpj.exe")]
    public void Control_characters_are_written_out(string text, string plain) => Assert.Equal(plain, PlainText.Line(text));

    [Fact]
    public void What_was_made_plain_is_plain() => Gen.String.Sample(text => Assert.True(PlainText.IsPlain(PlainText.Line(text))));
}
