using System.Runtime.InteropServices;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>Who runs the tests.</summary>
internal static partial class User
{
    /// <summary>User id.</summary>
    public static uint Id => Uid();

    /// <summary>Group id.</summary>
    public static uint Group => Gid();

    [LibraryImport("libc", EntryPoint = "getuid")]
    private static partial uint Uid();

    [LibraryImport("libc", EntryPoint = "getgid")]
    private static partial uint Gid();
}
