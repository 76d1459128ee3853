using System.Runtime.InteropServices;
using Spectre.Console;

namespace MoeActors.Host.Progress;

/// <summary>How large a terminal is now. <see cref="Console"/> keeps the first answer until something is read from the terminal, so that a resize would go unnoticed.</summary>
internal static partial class TerminalSize
{
    private const int StandardOutput = 1;

    /// <summary>TIOCGWINSZ of Linux.</summary>
    private const nuint AskSize = 0x5413;

    /// <summary>Cells of a line, and lines; what <paramref name="terminal"/> was told where its output is not this process's terminal.</summary>
    public static (int Width, int Height) Of(IAnsiConsole terminal) =>
        terminal.Profile.Out.IsTerminal && OperatingSystem.IsLinux() && Ask(StandardOutput, AskSize, out Cells size) == 0 && size is { Columns: > 0, Rows: > 0 }
            ? (size.Columns, size.Rows)
            : (terminal.Profile.Width, terminal.Profile.Height);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Ask(int descriptor, nuint request, out Cells size);

    /// <summary>struct winsize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Cells
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelWidth;
        public ushort PixelHeight;
    }
}
