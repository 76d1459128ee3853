using MoeActors.Host.Commands;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Tests.Commands;

/// <summary>What files and peers say cannot command a terminal.</summary>
public sealed class PlainWriterTests
{
    [Theory]
    [InlineData("step 1\n\tloss 2\n", "step 1\n\tloss 2\n")]
    [InlineData("a\e[2Jb", "a\\u001b[2Jb")]
    [InlineData("one\r\ntwo\rthree", "one\r\ntwo\\u000dthree")]
    [InlineData("\u009d0;title\a", "\\u009d0;title\\u0007")]
    public void Lines_and_tabulators_pass_and_other_control_characters_are_written_out(string text, string shown)
    {
        using var inner = new StringWriter();
        using var whole = new PlainWriter(inner);
        whole.Write(text);
        Assert.Equal(shown, inner.ToString());

        using var pieces = new StringWriter();
        using var single = new PlainWriter(pieces);
        foreach (char c in text)
        {
            single.Write(c);
        }

        Assert.Equal(shown, pieces.ToString());
    }

    [Fact]
    public void A_failure_and_an_event_are_one_plain_line()
    {
        using var error = new StringWriter();
        Failures.Print("bad \e[31mname\nmoe: all is well", error);
        Assert.Equal("moe: bad \\u001b[31mname moe: all is well\n", error.ToString());
        Assert.Equal("node \\u001b]0;x ", new ProgressEvent(ProgressEventKind.Info, "node \e]0;x\n").Message);
    }

    [Fact]
    public void A_cell_of_a_table_is_one_plain_line()
    {
        using var output = new StringWriter();
        var table = new TextTable("tensor", "bytes");
        table.Add("a\e[1A\nb", "1");
        table.Write(output);
        Assert.Equal(2, output.ToString().TrimEnd().Split('\n').Length);
        Assert.DoesNotContain("\e", output.ToString(), StringComparison.Ordinal);
    }
}
