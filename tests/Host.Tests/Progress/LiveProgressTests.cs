using System.Text.RegularExpressions;
using MoeActors.Host.Progress;
using Spectre.Console;

namespace MoeActors.Host.Tests.Progress;

public partial class LiveProgressTests
{
    [Theory]
    [InlineData(ColorSystemSupport.NoColors)]
    [InlineData(ColorSystemSupport.TrueColor)]
    public void On_a_terminal_the_last_state_stays_and_events_stand_above_it(ColorSystemSupport colours)
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = colours,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = 160;
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Console = console }))
        {
            view.Event(ProgressEventKind.Fault, "node-2 [died]");
            view.Update(new ProgressSnapshot(42, 100, 1.5, 1.625, 950, TimeSpan.FromSeconds(30), 2, 3, 40, 1, 2, "recovering [step]") { Plt = 0.0042 });
        }

        string text = output.ToString();
        string plain = Escape().Replace(text, "");
        Assert.Contains("fault  node-2 [died]", plain, StringComparison.Ordinal);
        Assert.Contains("step 42/100", plain, StringComparison.Ordinal);
        Assert.Contains("plt 0.42 %", plain, StringComparison.Ordinal);
        Assert.Contains("recovering [step]", plain, StringComparison.Ordinal);
        Assert.True(plain.IndexOf("node-2 [died]", StringComparison.Ordinal) < plain.LastIndexOf("step 42/100", StringComparison.Ordinal));
        Assert.Equal(colours == ColorSystemSupport.TrueColor, Colour().IsMatch(text));
    }

    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escape();

    [GeneratedRegex(@"\x1b\[[0-9;]*(3[0-9]|38;[25];[0-9;]+)m")]
    private static partial Regex Colour();
}
