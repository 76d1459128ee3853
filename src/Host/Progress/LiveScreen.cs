using System.Text;

namespace MoeActors.Host.Progress;

/// <summary>A row of the live area: as the terminal gets it, and how many cells it takes there.</summary>
/// <param name="Text">With its colours.</param>
/// <param name="Cells">Visible cells, fewer than the terminal is wide.</param>
internal sealed record LiveRow(string Text, int Cells);

/// <summary>
/// PURE but for the rows it drew last: what to send a terminal so that the live area stays below everything else. The cursor rests on the empty line under the area. Lines above it are ordinary
/// output, which the terminal wraps itself, now and when it is resized; rows of the area are shorter than a line, and a terminal made narrower folds them, so that more lines have to be cleared.
/// </summary>
internal sealed class LiveScreen
{
    private IReadOnlyList<LiveRow> drawn = [];

    /// <summary>Text that clears the area, adds <paramref name="above"/> to what stands over it, and draws the area again.</summary>
    /// <param name="above">Finished lines, oldest first.</param>
    /// <param name="rows">The area.</param>
    /// <param name="width">Cells of a line of the terminal now.</param>
    /// <param name="height">Lines of the terminal now: no more rows are drawn than can be cleared again.</param>
    public string Draw(IEnumerable<string> above, IReadOnlyList<LiveRow> rows, int width, int height)
    {
        var text = new StringBuilder("\r");
        int lines = drawn.Sum(r => Math.Max(1, (r.Cells + width - 1) / Math.Max(1, width)));
        if (lines > 0)
        {
            text.Append($"\e[{lines}A");
        }

        text.Append("\e[J");
        foreach (string line in above)
        {
            text.Append(line).Append('\n');
        }

        drawn = [.. rows.Take(Math.Max(1, height - 1))];
        foreach (LiveRow row in drawn)
        {
            text.Append(row.Text).Append('\n');
        }

        return text.ToString();
    }
}
