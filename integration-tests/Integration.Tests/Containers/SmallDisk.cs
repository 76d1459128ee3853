using System.Globalization;

using Docker.DotNet.Models;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>Storage that several containers share and that is soon full: a volume in memory, gone with the last container that has it.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    /// <summary>Where containers see it.</summary>
    public const string Path = "/small";

    private readonly string name = $"moe-{Guid.NewGuid():N}";

    /// <summary>Makes one of so many MiB, writable for whoever runs the tests.</summary>
    public static async Task<SmallDisk> CreateAsync(int mebibytes)
    {
        var disk = new SmallDisk();
        string options = string.Create(CultureInfo.InvariantCulture, $"o=size={mebibytes}m,uid={User.Id},gid={User.Group},mode=0777");
        await DockerCli.RunAsync("volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", options, disk.name);
        return disk;
    }

    /// <summary>Mounts it in a container to be made.</summary>
    public void MountIn(CreateContainerParameters container) =>
        container.HostConfig!.Mounts = [.. container.HostConfig.Mounts ?? [], new Mount { Type = "volume", Source = name, Target = Path }];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await DockerCli.RunAsync("volume", "rm", name);
}
