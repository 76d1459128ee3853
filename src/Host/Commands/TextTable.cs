using MoeActors.Compute.Files;

namespace MoeActors.Host.Commands;

/// <summary>A table in plain text: the first column to the left, all others to the right. The same on a terminal and in a file.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [headings];

    /// <summary>Adds a row of as many cells as there are headings.</summary>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, headings.Length);
        _rows.Add([.. cells.Select(PlainText.Line)]);
    }

    /// <summary>Writes the table.</summary>
    public void Write(TextWriter output)
    {
        int[] widths = [.. Enumerable.Range(0, headings.Length).Select(c => _rows.Max(r => r[c].Length))];
        foreach (string[] row in _rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
        }
    }
}
