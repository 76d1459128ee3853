using System.Text.RegularExpressions;
using MoeActors.Host.Progress;

namespace MoeActors.Host.Tests.Progress;

public sealed partial class LiveScreenTests
{
    private const string Recovery =
        "recovery  node-2 recovered: first step 3.4 s after detection (decided 0.4, restored 1.2, rejoined 3.1), 1 steps computed again, which is longer than any of these lines";

    private static LiveRow Row(string text) => new($"\e[32m{text}\e[0m", text.Length);

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(110)]
    [InlineData(200)]
    public void Events_of_any_length_stand_whole_above_the_area_and_nothing_of_old_areas_remains(int width)
    {
        var screen = new LiveScreen();
        var terminal = new Terminal(width);
        string bar = new('#', Math.Min(75, width - 1));
        terminal.Take(screen.Draw([], [Row("starting")], width, 24));
        terminal.Take(screen.Draw(["checkpoint 4 published"], [Row(bar), Row("loss 1.5"), Row("recovering")], width, 24));
        terminal.Take(screen.Draw([Recovery, "x"], [Row(bar), Row("loss 1.4")], width, 24));
        terminal.Take(screen.Draw([], [Row("done")], width, 24));
        Assert.Equal(["checkpoint 4 published", Recovery, "x", "done", ""], terminal.Lines);
    }

    [Theory]
    [InlineData(110, 80)]
    [InlineData(110, 33)]
    [InlineData(80, 110)]
    [InlineData(80, 10)]
    public void A_terminal_that_is_resized_keeps_no_litter(int before, int after)
    {
        var screen = new LiveScreen();
        var terminal = new Terminal(before);
        terminal.Take(screen.Draw([Recovery], [Row(new string('#', before - 1)), Row("loss 1.5"), Row("")], before, 24));
        terminal.Width = after;
        terminal.Take(screen.Draw([], [Row(new string('#', after - 1)), Row("loss 1.5")], after, 24));
        terminal.Take(screen.Draw(["again"], [Row("loss 1.4")], after, 24));
        Assert.Equal([Recovery, "again", "loss 1.4", ""], terminal.Lines);
    }

    [Fact]
    public void No_more_rows_are_drawn_than_the_terminal_can_clear()
    {
        var terminal = new Terminal(80);
        terminal.Take(new LiveScreen().Draw([], [Row("1"), Row("2"), Row("3")], 80, 3));
        Assert.Equal(["1", "2", ""], terminal.Lines);
    }

    /// <summary>A terminal that folds its lines anew when it is resized, as most do: lines as they were written, and a cursor that counts folded ones.</summary>
    private sealed partial class Terminal(int width)
    {
        private readonly List<string> lines = [""];
        private int at;

        public int Width { get; set; } = width;

        public IReadOnlyList<string> Lines => lines;

        public void Take(string text)
        {
            foreach (Match part in Part().Matches(text))
            {
                switch (part.Value)
                {
                    case "\r":
                        break;
                    case "\n":
                        at++;
                        if (at == lines.Count)
                        {
                            lines.Add("");
                        }

                        break;
                    case "\e[J":
                        lines.RemoveRange(at, lines.Count - at);
                        lines.Add("");
                        break;
                    case [.., 'A'] when part.Value[0] == '\e':
                        Up(int.Parse(part.Value.AsSpan(2, part.Length - 3), System.Globalization.CultureInfo.InvariantCulture));
                        break;
                    case [.., 'm'] when part.Value[0] == '\e':
                        break;
                    default:
                        Assert.Equal("", lines[at]);
                        lines[at] = part.Value;
                        break;
                }
            }
        }

        private void Up(int folded)
        {
            while (folded > 0)
            {
                at--;
                folded -= Math.Max(1, (lines[at].Length + Width - 1) / Width);
            }

            Assert.Equal(0, folded); // else the cursor would stand in the middle of a line
        }

        [GeneratedRegex(@"\r|\n|\e\[[0-9;]*[A-Za-z]|[^\r\n\e]+")]
        private static partial Regex Part();
    }
}
