using System.Diagnostics.CodeAnalysis;
using System.Text;
using MoeActors.Compute.Files;

namespace MoeActors.Host.Commands;

/// <summary>
/// Standard output or error of the commands: lines and tabulators pass, other control characters (of names and texts in files, of what peers say, of a sample) are written out by
/// <see cref="PlainText"/>, so that none reaches a terminal. A carriage return passes before a line feed. Not thread-safe by itself; what it writes to is.
/// </summary>
/// <param name="inner">Where it goes; the caller's.</param>
internal sealed class PlainWriter(TextWriter inner) : TextWriter
{
    private bool _return;

    /// <summary>Where it goes, for what the program itself colours.</summary>
    public TextWriter Inner => inner;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    [AllowNull]
    public override string NewLine
    {
        get => inner.NewLine;
        set => inner.NewLine = value;
    }

    /// <inheritdoc/>
    public override void Write(char value)
    {
        bool held = _return;
        _return = value == '\r';
        if (held)
        {
            inner.Write(value == '\n' ? "\r" : PlainText.Escape('\r'));
        }

        if (_return)
        {
            return;
        }

        if (value is '\n' or '\t' || PlainText.IsPlain(value))
        {
            inner.Write(value);
        }
        else
        {
            inner.Write(PlainText.Escape(value));
        }
    }

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        if (value is null)
        {
            return;
        }

        if (!_return && value.All(c => c is '\n' or '\t' || PlainText.IsPlain(c)))
        {
            inner.Write(value); // in one piece
            return;
        }

        foreach (char c in value)
        {
            Write(c);
        }
    }

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => Write(new string(buffer));

    /// <inheritdoc/>
    public override void WriteLine() => Write(NewLine);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + NewLine);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();
}
