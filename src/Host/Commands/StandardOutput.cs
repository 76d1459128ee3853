using System.Runtime.InteropServices;

namespace MoeActors.Host.Commands;

/// <summary>Where results go.</summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;
    private const short Error = 8;

    /// <summary>
    /// Whether the reader of a pipe has gone, as <c>head</c> goes when it has its lines. The runtime drops what is then written without a word: a command that would go on showing asks here and ends.
    /// </summary>
    public static bool IsAbandoned()
    {
        var asked = new Poll { Descriptor = Descriptor };
        return poll(ref asked, 1, 0) == 1 && (asked.Found & Error) != 0;
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int poll(ref Poll asked, ulong count, int milliseconds);

    private struct Poll
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }
}
