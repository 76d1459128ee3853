using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

[Collection(TensorProcessCollection.Name)]
public sealed class ProcessSettingsTests
{
    [Fact]
    public void Medium_precision_is_set_read_back_and_stays_close_to_exact()
    {
        MatmulMode before = MatmulPrecision.Current() ?? MatmulMode.Highest;
        try
        {
            Assert.True(MatmulPrecision.Set(MatmulMode.Medium));
            Assert.Equal(MatmulMode.Medium, MatmulPrecision.Current());
            if (Devices.DefaultMatmul() == MatmulMode.Medium)
            {
                using Tensor a = Values.Normal(1, ScalarType.Float32, 96, 128), b = Values.Normal(2, ScalarType.Float32, 128, 80);
                using Tensor fast = mm(a, b), wideA = a.to(ScalarType.Float64), wideB = b.to(ScalarType.Float64), exact = mm(wideA, wideB);
                Values.Close(exact, fast, 1e-5);
            }

            Assert.True(MatmulPrecision.Set(MatmulMode.Highest));
            Assert.Equal(MatmulMode.Highest, MatmulPrecision.Current());
        }
        finally
        {
            MatmulPrecision.Set(before);
        }
    }

    [Fact]
    public void Libtorch_loads_and_a_device_is_chosen_and_described()
    {
        LibTorchCheck.Verify();
        Device device = Devices.Select(3);
        Assert.Equal(Devices.CudaCount() > 0 ? DeviceType.CUDA : DeviceType.CPU, device.type);
        Assert.NotEmpty(Devices.Describe(device));
        Assert.Equal(Devices.CudaCount() > 0 || Devices.CpuHasBFloat16() ? Precision.BFloat16 : Precision.Float32, Devices.DefaultPrecision(device));
    }

    [Fact]
    public void The_thread_count_belongs_to_the_calling_thread_and_is_at_least_one()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ThreadSettings.Apply(0));
        Assert.Equal(1, ThreadSettings.Share(int.MaxValue));
        int seen = 0;
        var lane = new Thread(() =>
        {
            ThreadSettings.Apply(1);
            seen = get_num_threads();
        })
        { IsBackground = true };
        lane.Start();
        lane.Join();
        Assert.Equal(1, seen);
    }

    [Fact]
    public void Huge_pages_are_asked_for_large_buffers_only_and_leave_the_data_alone()
    {
        using Tensor small = ones(16), large = ones(3 << 20);
        Assert.False(MemoryTuning.AdviseHugePages(small));
        MemoryTuning.AdviseHugePages(large);
        Assert.Equal(3 << 20, large.sum().item<float>());
    }
}
