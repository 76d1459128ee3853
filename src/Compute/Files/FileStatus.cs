using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Files;

/// <summary>What the file system says of a name itself, a link included: its kind, its owner, who may do what, how many names it has.</summary>
/// <param name="Owner">User id of the owner.</param>
/// <param name="Mode">Kind and permissions, as in st_mode.</param>
/// <param name="Links">Names it has.</param>
internal readonly record struct FileStatus(uint Owner, int Mode, uint Links)
{
    private const int Kind = 0xF000, Regular = 0x8000, Folder = 0x4000, Link = 0xA000, WriteByOthers = 0x12;

    public bool IsRegular => (Mode & Kind) == Regular;

    public bool IsFolder => (Mode & Kind) == Folder;

    public bool IsLink => (Mode & Kind) == Link;

    /// <summary>Whether a new file may take its place: a folder or a device is not given up for one.</summary>
    public bool IsReplaceable => IsRegular || IsLink;

    /// <summary>Whether it belongs to this process's user.</summary>
    public bool IsOwn => Owner == Posix.User();

    /// <summary>Whether its group or everybody may write.</summary>
    public bool OthersMayWrite => (Mode & WriteByOthers) != 0;

    /// <summary>Of the name <paramref name="path"/>, which is not followed; null when there is none.</summary>
    public static FileStatus? Of(string path) => Posix.Status(path, out int error) is { } found ? found : error is Posix.NoEntry or Posix.NotFolder ? null : throw Posix.Error(path, error);

    /// <summary>Of an open file.</summary>
    public static FileStatus Of(SafeFileHandle file, string path) => Posix.Status(file, out int error) ?? throw Posix.Error(path, error);
}
